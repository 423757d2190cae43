// A button that works once at a time.

/**
 * Runs what a button was pressed for, and nothing more until it is over. Never by `disabled`: a browser takes the focus off
 * a disabled button, and whoever goes by the keyboard would start anew at the top of the page.
 */
export async function busy(button: HTMLElement, work: () => Promise<unknown>) {
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  try {
    await work()
  } finally {
    button.removeAttribute('aria-disabled')
  }
}
