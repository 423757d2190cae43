// The shapes of the API's answers, as the README's table of routes gives them.

export type Quality = '720p' | '1080p' | '4k'
export type Visibility = 'public' | 'private'
export type RecordingStatus =
  | 'none' | 'requested' | 'starting' | 'recording' | 'stopping' | 'complete' | 'failed' | 'aborted' | 'limit_reached'

export interface Stream {
  id: string
  title: string
  description: string | null
  roomName: string
  ownerId: string | null
  visibility: Visibility
  status: 'created' | 'live' | 'ended'
  viewerCount: number
  peakViewers: number
  uniqueViewers: number
  watchSeconds: number
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  recording: {
    status: RecordingStatus
    egressId: string | null
    startedAt: string | null
    seconds: number
    estimatedBytes: number
    estimatedMicroDollars: number
    error: string | null
  }
  thumbnailUrl: string | null
}

export interface Recording {
  id: string
  title: string
  streamId: string | null
  roomName: string
  /** Null unless it is the caller's own, or the caller is an admin. */
  ownerId: string | null
  egressId: string | null
  part: number
  status: 'processing' | 'ready' | 'missing' | 'deleting'
  visibility: Visibility
  filename: string | null
  bucket: string | null
  durationMs: number | null
  sizeBytes: number | null
  quality: Quality
  format: 'mp4' | 'segments'
  partial: boolean
  thumbnailUrl: string | null
  saved: boolean
  downloads: number
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  expiresAt: string | null
}

export interface Playback {
  url: string
  type: 'video/mp4' | 'application/vnd.apple.mpegurl'
  thumbnailUrl: string | null
  expiresAt: string
}

export interface Token {
  server_url: string
  participant_token: string
  streamId: string
  role: 'host' | 'viewer'
  expiresAt: string
}
