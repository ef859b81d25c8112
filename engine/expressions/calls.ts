// The answers to `%function` within one request.
import { ejsonText, type Value } from "../../kernel/index.ts"
import type { CallResult, CallTable } from "./types.ts"

/** A call that an evaluation asked for and that has no answer yet. */
export interface WantedCall { readonly key: string; readonly name: string; readonly args: readonly Value[] }

/** A call table that remembers answers by name and arguments, and what was asked for in vain. */
export interface CallLedger extends CallTable {
  /**
   * The calls asked for since the last time, without those answered since. Make them and {@link CallLedger.answer} them,
   * only if the evaluation came out undetermined.
   */
  takeWanted(): WantedCall[]
  /** Gives the answer to a call; `failed` for one that threw, timed out, does not exist or returned `undefined`. */
  answer(call: WantedCall, result: Exclude<CallResult, { state: "wanted" }>): void
  /** How many distinct calls have been answered; the caller ends a request that goes beyond its limit. */
  answered(): number
}

const isWanted: CallResult = { state: "wanted" }

/** Makes an empty call table for one request. */
export function createCallTable(): CallLedger {
  // Most requests call nothing: their table holds no map.
  let answers: Map<string, CallResult> | undefined
  let wanted: Map<string, WantedCall> | undefined
  return {
    result(name, args) {
      const key = `${name}\0${ejsonText(args)}`
      const answer = answers?.get(key)
      if (answer !== undefined) return answer
      wanted ??= new Map()
      wanted.set(key, { key, name, args })
      return isWanted
    },
    takeWanted() {
      const taken = wanted === undefined ? [] : [...wanted.values()].filter(({ key }) => answers?.has(key) !== true)
      wanted = undefined
      return taken
    },
    answer({ key }, result) {
      answers ??= new Map()
      answers.set(key, result)
    },
    // No getter: an object with one takes sixteen times as long to make, and one is made for each request.
    answered: () => answers?.size ?? 0,
  }
}

const failed: CallResult = { state: "failed" }

/** The table of work that may call no functions: every call is undetermined. */
export const noCalls: CallTable = { result: () => failed }
