// The recording's state in words: only ever what the server says.

import { h } from '../dom'
import type { RecordingStatus } from '../shapes'

const WORDS: Record<RecordingStatus, [string, string]> = {
  none: ['Not recording', ''],
  requested: ['Recording requested', 'busy'],
  starting: ['Recorder is starting', 'busy'],
  recording: ['Recording', 'red'],
  stopping: ['Finishing the recording', 'busy'],
  complete: ['Recorded', 'good'],
  failed: ['Recording failed', 'bad'],
  aborted: ['Recording was broken off', 'bad'],
  limit_reached: ['Recording reached its limit', 'bad'],
}

export const moves = (status: RecordingStatus) => ['requested', 'starting', 'stopping'].includes(status)
export const runs = (status: RecordingStatus) => moves(status) || status === 'recording'
export const inWords = (status: RecordingStatus) => WORDS[status]?.[0] ?? status

export function recordingBadge(status: RecordingStatus) {
  return h('span', { class: `badge ${WORDS[status]?.[1] ?? ''}`, data: { status } }, runs(status) && h('span', { class: 'dot' }), inWords(status))
}
