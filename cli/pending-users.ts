// `backstitch users pending`, `confirm`, `discard`: who registered by e-mail and has not logged in yet.
import type { Command } from "commander"
import type { Place } from "./location.ts"
import { withOperator } from "./operator.ts"
import { print } from "./output.ts"

/** Adds the commands; `on` makes one that takes the app's directory. */
export function addPendingCommands(on: (name: string, description: string) => Command): void {
  on("pending", "print the e-mail address of everybody who registered and has not logged in yet").action(pending)
  on("confirm", "confirm a pending user, as the link in the letter would").argument("<email>", "the address").action((directory: string, email: string, options: Place) => withOperator(directory, options, async ({ users }) => {
    await users.confirmPending(email)
    print(`confirmed ${email}`)
  }))
  on("discard", "forget a pending user, so that the address can be registered again").argument("<email>", "the address").action((directory: string, email: string, options: Place) => withOperator(directory, options, async ({ users }) => {
    await users.deletePending(email)
    print(`discarded ${email}`)
  }))
}

function pending(directory: string, options: Place): Promise<void> {
  return withOperator(directory, options, async ({ users }) => {
    for (let after: string | undefined; ;) {
      const page = await users.pending(after)
      for (const { login_ids: ids } of page) print((ids as readonly { readonly id: string }[])[0]?.id ?? "")
      const last = page.at(-1)
      if (last === undefined) return
      after = last["_id"] as string
    }
  })
}
