// D1 fails on each batch of a run of the schedule in turn.

import { runs } from './harness/d1-calls.mjs'

runs()
