// What every refusal promises, checked in one place.

import assert from 'node:assert/strict'

/** Asserts an error as README gives it: its status, its exact members, and one request id in body and header. */
export function assertRefused(answer, status, code, about = '') {
  const seen = `${about}: ${answer.status} ${answer.text.slice(0, 300)}`
  assert.equal(answer.status, status, seen)
  assert.match(answer.headers.get('content-type'), /^application\/json/, seen)
  assert.deepEqual(Object.keys(answer.body).sort(), ['code', 'hint', 'message', 'requestId', 'success'], seen)
  const { success, message, hint, requestId } = answer.body
  assert.equal(success, false, seen)
  assert.match(answer.body.code, /^[a-z][a-z0-9_]+$/, seen)
  assert.ok(typeof message === 'string' && message.length > 0, seen)
  assert.ok(hint === null || (typeof hint === 'string' && hint.length > 0), seen)
  assert.ok(requestId.length > 0, seen)
  assert.equal(answer.headers.get('x-request-id'), requestId, seen)
  if (code) assert.equal(answer.body.code, code, seen)
}

/** A refusal as two callers could compare it: nothing but the request id may tell them apart. */
export function comparable({ status, body }) {
  const { requestId: _, ...rest } = body
  return { status, ...rest }
}
