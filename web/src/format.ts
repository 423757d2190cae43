// Numbers and times for people, by the browser's own language.

/** The pages speak English; whose English, the browser knows. */
const language = navigator.languages.find((one) => one.startsWith('en')) ?? 'en-GB'
const two = (n: number) => String(n).padStart(2, '0')

/** `1:02:03`, or `2:03` below an hour. */
export function length(ms: number) {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** The same spoken: `1 hour 2 minutes`. */
export function spokenLength(ms: number) {
  const seconds = Math.round(ms / 1000)
  const parts = [[Math.floor(seconds / 3600), 'hour'], [Math.floor(seconds / 60) % 60, 'minute'], [seconds < 3600 ? seconds % 60 : 0, 'second']] as const
  return parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? '' : 's'}`).join(' ') || '0 seconds'
}

/** Decimal, as Storj bills: 1 MB is 1,000,000 bytes. */
export function size(bytes: number) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  const digits = step > 1 && value < 10 ? 1 : 0
  return new Intl.NumberFormat(language, { style: 'unit', unit: units[step]!, unitDisplay: 'short', maximumFractionDigits: digits }).format(value)
}

export function money(microDollars: number) {
  const dollars = microDollars / 1e6
  const digits = dollars !== 0 && Math.abs(dollars) < 1 ? 3 : 2
  return new Intl.NumberFormat(language, { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol', minimumFractionDigits: 2, maximumFractionDigits: digits }).format(dollars)
}

export const count = (n: number, one: string, many = `${one}s`) => `${new Intl.NumberFormat(language).format(n)} ${n === 1 ? one : many}`

/** `today, 14:05`, `yesterday`, `3 days ago`, then the date. */
export function when(iso: string, now = Date.now()) {
  const date = new Date(iso)
  const startOfDay = (time: number) => new Date(time).setHours(0, 0, 0, 0)
  const days = Math.round((startOfDay(date.getTime()) - startOfDay(now)) / 86_400_000)
  if (days === 0) return `today, ${time(iso)}`
  if (days > -7 && days < 7) return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(days, 'day')
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(date)
}

export const time = (iso: string) => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(new Date(iso))
export const moment = (iso: string) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(iso))

/** The server's messages begin small. */
export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
