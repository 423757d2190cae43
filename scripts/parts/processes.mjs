// Starting other programs, and leaving none of them behind.

import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder; every command runs there. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where `name` lies on PATH, or null. */
export function findOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name)
    if (folder && isExecutable(file)) return file
  }
  return null
}

export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const running = new Set()

/**
 * Runs a command to its end. Resolves with `{code, stdout, output}`; `output` has both streams in the order in which
 * they came. A program that is not there is code 127, as in a shell. `onLine` sees each line as it comes.
 */
export function run(command, args, { env, onLine } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    let stdout = ''
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text))
      if (onLine) eachLine(stream, onLine)
    }
    child.on('error', (error) => resolve({ code: 127, stdout, output: `${output}${command}: ${error.message}` }))
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code: code ?? `signal ${signal}`, stdout, output })
    })
  })
}

/** Runs a command on this terminal: its questions and colours stay. Resolves with its exit code. */
export function runHere(command, args, { env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** Calls `onLine` for each whole line of a stream of text. */
export function eachLine(stream, onLine) {
  let rest = ''
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split(/\r?\n/)
    rest = lines.pop()
    lines.forEach(onLine)
  })
  stream.on('end', () => rest && onLine(rest))
}

// --- Programs that run beside us ---

const groups = new Set()

/**
 * Starts a program in a process group of its own, so that it ends together with whatever it starts (wrangler starts
 * workerd and esbuild). However this process ends, the group does not outlive it.
 */
export function startGroup(command, args, { env } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  groups.add(child)
  child.stdin.on('error', () => {}) // It may end before its stdin is closed.
  child.ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 127, error }))
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
  if (child.pid) child.forget = killWithUs(-child.pid)
  return child
}

/** Ends a group: asks the program that we started to end with its own, waits up to 5 s, then kills whatever is left. */
export async function endGroup(child) {
  if (!groups.delete(child)) return
  child.stdin.end()
  child.kill('SIGTERM')
  await Promise.race([child.ended, new Promise((resolve) => setTimeout(resolve, 5_000).unref())])
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of the group is left.
  }
  child.forget?.()
}

export const endAllGroups = () => Promise.all([...groups].map(endGroup))

let reaper

/** Has a process (or, negative, a group) killed when this one is gone. Call what it returns when that one has ended. */
export function killWithUs(pid) {
  if (!reaper) {
    const file = fileURLToPath(new URL('reaper.mjs', import.meta.url))
    reaper = spawn(process.execPath, [file], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    reaper.unref()
    reaper.stdin.unref()
    reaper.stdin.on('error', () => {})
  }
  reaper.stdin.write(`watch ${pid}\n`)
  return () => reaper.stdin.write(`forget ${pid}\n`)
}

process.on('exit', () => running.forEach((child) => child.kill()))
