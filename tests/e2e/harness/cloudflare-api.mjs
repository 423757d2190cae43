// As much of Cloudflare's API as a deployment asks before it workers: the account, and D1's table of migrations.

import { createServer } from 'node:http'

/**
 * `keeps`: the database remembers migrations. `{url, queries, workers, stop()}`: what databases were asked, and the
 * addresses that `deploy` called.
 */
export async function startCloudflareApi({ keeps }) {
  const [queries, workers, applied] = [[], [], []]
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const answer = (status, result, errors = []) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ success: status < 400, errors, messages: [], result }))
    }
    const database = /\/d1\/database\/([^/]+)\/query/.exec(request.url)?.[1]
    if (database) {
      const { sql } = JSON.parse(body)
      queries.push({ database, sql })
      const migration = /INSERT INTO "?d1_migrations"?[^]*?'([^']+\.sql)'/i.exec(sql)?.[1]
      if (migration && keeps) applied.push(migration)
      const rows = /^\s*SELECT/i.test(sql) ? applied.map((name, i) => ({ id: i + 1, name, applied_at: '2026-01-01' })) : []
      return answer(200, [{ success: true, results: rows, meta: { duration: 1 } }])
    }
    if (request.url.includes('/workers/')) workers.push(request.url)
    // No address for the Worker: here a deployment ends, before it uploads.
    answer(404, null, [{ code: 10007, message: 'not found' }])
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => (server.closeAllConnections(), server.close())
  return { url: `http://127.0.0.1:${server.address().port}`, queries, workers, stop }
}
