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
  readonly answered: number
}

const isWanted: CallResult = { state: "wanted" }

/** Makes an empty call table for one request. */
export function createCallTable(): CallLedger {
  const answers = new Map<string, CallResult>()
  let wanted = new Map<string, WantedCall>()
  return {
    result(name, args) {
      const key = `${name}\0${ejsonText(args)}`
      const answer = answers.get(key)
      if (answer !== undefined) return answer
      wanted.set(key, { key, name, args })
      return isWanted
    },
    takeWanted() {
      const taken = [...wanted.values()].filter(({ key }) => !answers.has(key))
      wanted = new Map()
      return taken
    },
    answer({ key }, result) {
      answers.set(key, result)
    },
    get answered() {
      return answers.size
    },
  }
}

const failed: CallResult = { state: "failed" }

/** The table of work that may call no functions: every call is undetermined. */
export const noCalls: CallTable = { result: () => failed }
