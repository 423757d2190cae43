// D1 fails on each batch of a stop in turn.

import { stops } from './harness/d1-calls.mjs'

stops()
