// Sending requests and taking their time: one after the other, or some at once, on connections that stay open.

import { Agent, request as open } from 'node:http'

const agents = new Map()

/** One pool of connections for each way of asking and Worker, so that each waits for its own. */
function agentFor(worker, atOnce) {
  const key = `${worker} ${atOnce}`
  if (!agents.has(key)) agents.set(key, new Agent({ keepAlive: true, maxSockets: atOnce }))
  return agents.get(key)
}

export function closeConnections() {
  for (const agent of agents.values()) agent.destroy()
  agents.clear()
}

/** `{status, text, ms}` of one request `{method, path, headers, body}`; its time ends with the answer's last byte. */
export function ask(worker, { method, path, headers, body = '' }, atOnce = 1) {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const length = { 'content-length': Buffer.byteLength(body) }
    const sent = open(`${worker}${path}`, { method, headers: { ...headers, ...length }, agent: agentFor(worker, atOnce) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode, text, ms: performance.now() - began }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** All of them, `atOnce` under way at any time; every status must be `status`. Answers `{times, seconds, last}`. */
export async function askAll(worker, requests, { atOnce, status }) {
  const times = []
  let [next, last] = [0, null]
  const began = performance.now()
  const go = async () => {
    while (next < requests.length) {
      const request = requests[next++]
      const answer = await ask(worker, request, atOnce)
      if (answer.status !== status) throw new Error(`${request.method} ${request.path}: ${answer.status} in place of ${status}: ${answer.text}`)
      times.push(answer.ms)
      last = answer
    }
  }
  await Promise.all(Array.from({ length: atOnce }, go))
  return { times, ms: performance.now() - began, last }
}
