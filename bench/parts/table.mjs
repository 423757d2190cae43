// What a run prints: a line for each measure, with the ratio of each pair of rounds.

import { median } from './rounds.mjs'

const number = (value) => (Number.isFinite(value) ? value.toFixed(value < 10 ? 2 : 1) : '–')
const cells = (title, ...rest) => `  ${title.padEnd(42)}${rest.map((cell) => cell.padStart(11)).join('')}`

export const heading = (title) => `\n${cells(title, 'ours', 'peer', 'ours/peer')}   least … most`

/** One measure: values of each round of both sides, in pairs. */
export function line(title, ours, peer) {
  if (![...ours, ...peer].every(Number.isFinite)) return `  ${title.padEnd(42)}  not to be had on this system`
  const ratios = ours.map((value, index) => value / peer[index])
  const spread = `${number(Math.min(...ratios))} … ${number(Math.max(...ratios))}`
  return `${cells(title, number(median(ours)), number(median(peer)), number(median(ratios)))}   ${spread}`
}

export const column = (rounds, name) => rounds.map((round) => round[name])
