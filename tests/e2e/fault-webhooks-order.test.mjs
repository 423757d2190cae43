// Webhooks that are repeated, held up, or overtaken by later ones: the rows are those of a broadcast of which every word came
// once, in order.

import { after, before, beforeEach, test } from 'node:test'
import { broadcast, endsAsItWas, words } from './harness/broadcast.mjs'
import { emptied, faultStage } from './harness/truth.mjs'

let scene

before(async () => (scene = await faultStage()))
beforeEach(() => emptied(scene.stage))
after(() => scene?.stage.stop())

/** `peak`: what is known of it; of somebody whose going is told before the coming it is nothing. */
const through = (rules, peak) => async () => endsAsItWas(scene, await broadcast(scene, rules, () => scene.p.settled(900)), { peak })

test('each is sent three times', through([{ repeat: 2 }]))
test('each is held up, with those behind it', through([{ delay_ms: 500 }]))
test('each is held up, and those of egresses more than those of rooms', through([{ on: 'egress', delay_ms: 900 }]))
test('each comes late, in no order', through(words.map((on, n) => ({ on, late_ms: 200 + ((n * 7) % 10) * 90 })), null))
for (const word of words) {
  test(`${word} is overtaken by those behind it`, through([{ on: word, late_ms: 800 }], word === 'participant_joined' ? null : 1))
}

test('no line of the log tells a secret', () => scene.p.tellsNoSecret())
