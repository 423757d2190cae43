// GET /api/recordings?q=: by words of title and room in any alphabet, to nobody what is not theirs, at a constant cost.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertRefused } from './harness/answers.mjs'
import { fillRecordings } from './harness/fill.mjs'
import { start, waitFor } from './harness/harness.mjs'
import { addRecording, day } from './harness/rows.mjs'
import { assertRecording, walk } from './harness/shapes.mjs'

let stage
before(async () => (stage = await start({ vars: { ADMIN_USER_IDS: 'root' } })))
after(() => stage?.stop())

const list = (q, more = '') => `/api/recordings?q=${encodeURIComponent(q)}${more}`
async function found(q, { user, more = '&limit=4' } = {}) {
  const { rows } = await walk(stage.api, list(q, more), 'recordings', { user })
  rows.forEach(assertRecording)
  return rows.map(({ id }) => id).sort()
}
/** Recordings from before, which the schedule gives their words. */
async function known() {
  for (let left = 1; left > 0; [{ left }] = await stage.sql('SELECT count(*) AS left FROM assets WHERE words IS NULL')) await stage.cron()
}

test('a word is found by its beginning, without accents or case, in every alphabet; all words have to be there', async () => {
  const titles = {
    finnish: 'Näkö ja KUULO',
    polish: 'Łódź nocą',
    german: 'Große Straße',
    greek: 'Η οδός του ΦΩΤΌΣ',
    russian: 'Ёлка и подъезд',
    arabic: 'مُحَمَّد أحمد',
    hindi: 'हिन्दी सभा',
    japanese: '第7回録画配信テスト',
    chinese: '每周技术分享会',
    korean: '한국어 강의',
    thai: 'การประชุมประจำปี',
    composed: 'Cafe\u0301 ＡＢＣ ﬁn',
    emoji: '🎉🎉',
  }
  for (const [id, title] of Object.entries(titles)) await addRecording(stage, id, { title, room_name: `studio-${id}`, created_at: day })
  await known()
  const cases = [
    ['nako', 'finnish'],
    ['NÄKÖ kuu', 'finnish'],
    ['kuulo nä', 'finnish'],
    ['lodz', 'polish'],
    ['strasse', 'german'],
    ['STRASSE große', 'german'],
    ['οδοσ', 'greek'],
    ['ΟΔΟΣ φωτος', 'greek'],
    ['елка подъ', 'russian'],
    ['محمد', 'arabic'],
    ['हिन्दी', 'hindi'],
    ['録画配信', 'japanese'],
    ['画', 'japanese'],
    ['ﾃｽﾄ', 'japanese'],
    ['技术分享', 'chinese'],
    ['강의', 'korean'],
    ['하', 'korean'],
    ['ประชุม', 'thai'],
    ['café abc FIN', 'composed'],
    ['studio emo', 'emoji'],
    ['  nako\t kuulo  ', 'finnish'],
  ]
  for (const [q, id] of cases) assert.deepEqual(await found(q), [id], q)
  assert.deepEqual(await found('studio'), Object.keys(titles).sort())
  for (const q of ['ako', 'nako lodz', '録配', 'nothing', '🎉', '%', "'", 'nako OR lodz', '*']) assert.deepEqual(await found(q), [], q)
  assert.equal((await stage.api('GET', '/api/recordings?q=%20&limit=100')).body.recordings.length, 13, 'spaces alone look for nothing')
})

test('what is private is found by its owner and admins alone, from the moment that it is', async () => {
  await addRecording(stage, 'mine', { title: 'Quarterly zebra' })
  await addRecording(stage, 'bobs', { title: 'Zebra crossing', owner_id: 'bob', visibility: 'private' })
  await known()
  const seen = async () => [await found('zebra'), await found('zebra', { user: 'bob' }), await found('zebra', { user: 'root' })]
  assert.deepEqual(await seen(), [['mine'], ['bobs', 'mine'], ['bobs', 'mine']])
  assert.deepEqual(await found('zebra', { user: 'alice', more: '&mine=true' }), ['mine'])
  const patch = (body) => stage.api('PATCH', '/api/recordings/mine', { user: 'alice', body })
  assert.equal((await patch({ visibility: 'private' })).status, 200)
  assert.deepEqual(await seen(), [[], ['bobs'], ['bobs', 'mine']])
  assert.equal((await patch({ visibility: 'public', title: 'Giraffe' })).status, 200)
  assert.deepEqual([await seen(), await found('giraffe')], [[[], ['bobs'], ['bobs']], ['mine']])
  await stage.sql("DELETE FROM assets WHERE id = 'mine'")
  assert.deepEqual(await found('giraffe'), [])
  const [{ left }] = await stage.sql("SELECT count(*) AS left FROM asset_words WHERE asset_id = 'mine'")
  assert.equal(left, 0)
  assertRefused(await stage.api('GET', list('zebra', '&mine=true')), 401, 'not_signed_in')
})

test('words narrow together with status, stream and time', async () => {
  for (const [id, more] of [
    ['n1', { stream_id: 's-1', created_at: day + 1_000 }],
    ['n2', { stream_id: 's-1', created_at: day + 2_000, status: 'missing' }],
    ['n3', { stream_id: 's-2', created_at: day + 3_000 }],
  ]) await addRecording(stage, id, { title: 'Narrow', ...more })
  await known()
  const at = (ms) => encodeURIComponent(new Date(day + ms).toISOString())
  for (const [more, ids] of [
    ['&streamId=s-1', ['n1', 'n2']],
    ['&status=ready', ['n1', 'n3']],
    ['&streamId=s-1&status=missing', ['n2']],
    [`&from=${at(2_000)}`, ['n2', 'n3']],
    [`&from=${at(1_000)}&to=${at(2_000)}`, ['n1']],
    ['&streamId=s-9', []],
  ]) assert.deepEqual(await found('narr', { more }), ids, more)
})

test('a cursor goes on with its own words alone; what is wrong is named', async () => {
  const { nextCursor } = (await stage.api('GET', list('narrow', '&limit=1'))).body
  assert.equal((await stage.api('GET', list('NARROW', `&cursor=${nextCursor}`))).status, 200)
  for (const query of [`q=narr&cursor=${nextCursor}`, `cursor=${nextCursor}`, 'q=narrow&cursor=MTc5NTM5NzQwMDcxMyBiN2MxLXg', 'q=narrow&cursor=x']) {
    const answer = await stage.api('GET', `/api/recordings?${query}`)
    assertRefused(answer, 400, 'invalid_request', query)
    assert.match(answer.body.message, /`cursor`/)
  }
  const long = await stage.api('GET', list('ö'.repeat(201)))
  assertRefused(long, 400, 'invalid_request')
  assert.match(long.body.message, /`q`.* 200 /)
  assert.equal((await stage.api('GET', list('ö'.repeat(200)))).status, 200)
})

/** Rows that D1 read and wrote, as the Worker's log line says. */
async function cost(method, path, options) {
  const answer = await stage.api(method, path, options)
  assert.equal(answer.status, 200, answer.text)
  const id = answer.headers.get('x-request-id')
  return { ...(await waitFor(() => stage.logs().find((line) => line.request_id === id))).d1, body: answer.body }
}

test('a page reads as many rows with 100,000 recordings as with 1,000, for every caller, number of words, time and stream', async () => {
  await stage.reset()
  await fillRecordings(stage, 0, 1_000)
  // A minute of long ago, and the two recordings of a stream of then: all that is newer must be passed over at once.
  const at = (ms) => encodeURIComponent(new Date(day + ms).toISOString())
  const narrow = [`&from=${at(20_000)}&to=${at(80_000)}`, '&streamId=s-0', `&streamId=s-0&from=${at(20_000)}`]
  const asked = ['show', 'show rare', 'unique show', 'show nothing', 'rare'].flatMap((q) => [
    ...[undefined, 'user-1', 'nobody-yet', 'root'].map((user) => [list(q, '&limit=20'), user]),
    [list(q, '&limit=20&mine=true'), 'user-1'],
    // Nothing has that status: every candidate is looked at.
    [list(q, '&limit=20&status=deleting'), 'root'],
    ...narrow.flatMap((more) => [undefined, 'user-1', 'root'].map((user) => [list(q, `&limit=20${more}`), user])),
  ])
  const few = []
  for (const [path, user] of asked) few.push(await cost('GET', path, { user }))
  await fillRecordings(stage, 1_000, 100_000)
  const worse = []
  for (const [index, [path, user]] of asked.entries()) {
    const many = await cost('GET', path, { user })
    assert.equal(many.trips, 1, path)
    // Two scopes, a hundred candidates each: four rows for one that fits, and what counting the words takes.
    if (many.read > 1_500 || (!path.includes('rare') && many.read > few[index].read * 1.5 + 20)) {
      worse.push(`${user} ${decodeURIComponent(path)}: ${few[index].read} → ${many.read}`)
    }
    if (path.includes('unique') && !/mine|status|from/.test(path)) {
      assert.deepEqual(many.body.recordings.map(({ id }) => id), ['r-0'], 'the oldest of all, on the first page')
      assert.equal(many.body.nextCursor, null)
    }
  }
  assert.deepEqual(worse, [])
  const first = await cost('GET', list('show', '&limit=20'), {})
  assert.ok(first.read < 120, `one word: ${first.read} rows`)
})

test('renaming, publishing and the schedule touch the rows of one recording, however many there are', async () => {
  for (const body of [{ title: 'Renamed just now' }, { visibility: 'private' }]) {
    const { read, written } = await cost('PATCH', '/api/recordings/r-50001', { user: 'root', body })
    assert.ok(read < 400 && written < 200, `${JSON.stringify(body)}: ${read} read, ${written} written`)
  }
  await addRecording(stage, 'newest', { title: 'From before', created_at: day + 1 })
  await stage.cron()
  assert.deepEqual(await found('from before'), ['newest'])
  const line = stage.logs().findLast(({ route }) => route === 'schedule')
  assert.ok(line.d1.read < 400, JSON.stringify(line.d1))
})
