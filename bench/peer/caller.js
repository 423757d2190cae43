// Who calls: the user id of a bearer token signed with HS256, or null.

import { jwtVerify } from 'jose'

/** What a caller is told. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message)
    Object.assign(this, { status, code })
  }
}

export async function callerOf(request, env) {
  const bearer = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')
  if (!bearer) return null
  try {
    const secret = new TextEncoder().encode(env.AUTH_JWT_SECRET)
    const { payload } = await jwtVerify(bearer[1], secret, { algorithms: ['HS256'], requiredClaims: ['exp'], clockTolerance: 60 })
    // LiveKit's tokens tell nobody's user id.
    if (payload.video === undefined) return payload.sub ?? null
  } catch {
    // Below.
  }
  throw new Refused(401, 'unauthorized', 'this bearer token is not accepted')
}

/** Whether a stream or a recording is there for that caller. */
export const maySee = (row, caller) => row.visibility === 'public' || row.owner_id === caller
