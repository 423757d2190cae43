// D1 fails on each batch of a start in turn.

import { starts } from './harness/d1-calls.mjs'

starts()
