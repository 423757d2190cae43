// Watch live: sound and picture as the viewer and the host want them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessible, paged, shot } from './harness/browser.mjs'

/** A page that watches a stream whose host publishes those. */
async function watching(scene, room, kinds) {
  const { p } = scene
  const { streamId } = await p.host(room, { title: 'Live now' })
  await p.until(streamId, (stream) => stream.status === 'live')
  const context = await scene.context()
  await context.context.addInitScript((kinds) => (window.remoteKinds = kinds), kinds)
  return context.go(`/watch/live/${streamId}`, { user: 'bob' })
}
const heard = (page) => page.evaluate(() => [...document.querySelectorAll('audio')].map(({ muted }) => !muted))
const host = (page, act, kind) => page.evaluate(([act, kind]) => window.rooms.at(-1)[act](kind), [act, kind])

paged('Watch live', {}, (scene) => {
  test('who turned the sound off hears nothing when the host comes back with a new microphone', async () => {
    const page = await watching(scene, 'quiet', ['audio', 'video'])
    await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0)
    assert.deepEqual(await heard(page), [true])
    await page.getByRole('button', { name: 'Mute', exact: true }).click()
    assert.deepEqual(await heard(page), [false])
    await host(page, 'remoteGone', 'audio')
    assert.deepEqual(await heard(page), [])
    await host(page, 'remote', 'audio')
    assert.deepEqual(await heard(page), [false])
    await page.getByRole('button', { name: 'Unmute' }).click()
    assert.deepEqual(await heard(page), [true])
  })

  test('a broadcast of sound alone is called that; one whose picture is on its way is waited for', async () => {
    const page = await watching(scene, 'sound', ['audio'])
    await page.getByText('Sound only').waitFor()
    assert.equal(await page.getByText('Waiting for the picture').count(), 0)
    await shot(page, 'watch-sound-only')
    await accessible(page)
    await page.evaluate(() => window.rooms.at(-1).emit('reconnecting'))
    await page.getByText('Reconnecting…').waitFor()
    await page.evaluate(() => window.rooms.at(-1).emit('reconnected'))
    await page.getByText('Sound only').waitFor()
    await host(page, 'remote', 'video')
    await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0)
    assert.equal(await page.locator('.over').count(), 0)
    await host(page, 'remoteGone', 'video')
    await page.getByText('Sound only').waitFor()
    await host(page, 'remoteGone', 'audio')
    await page.getByText('Waiting for the picture').waitFor()
  })
  test('when the stream has ended nothing is waited for any more', async () => {
    const page = await watching(scene, 'short', ['video'])
    await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0)
    const { stage } = scene
    await stage.api('POST', `/api/streams/${page.url().split('/').at(-1)}/end`, { user: 'alice' })
    await page.getByRole('heading', { name: 'The stream has ended' }).waitFor()
    await page.waitForTimeout(500)
    assert.deepEqual(await page.locator('.over').allTextContents(), ['The stream has endedA recording, if there is one, appears here.'])
  })
})
