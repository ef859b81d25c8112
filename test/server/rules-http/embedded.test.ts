// The regressions of the rules, on the embedded store.
import { regressions } from "./regressions.ts"

regressions("the embedded store", () => ({ memory: true }))
