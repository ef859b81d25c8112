// `backstitch keys …`: the keys that sign an app's tokens.
import { Command } from "commander"
import { ConfigError } from "../server/index.ts"
import type { Place } from "./location.ts"
import { withOperator, withPlace } from "./operator.ts"
import { print } from "./output.ts"

/** The commands over signing keys. SECURITY: none prints a key. */
export function keysCommand(): Command {
  const command = new Command("keys").description("list and change the keys that sign tokens; on an embedded store the server must not be running")
  const on = (name: string, description: string): Command => withPlace(command.command(name).description(description).argument("<directory>", "the exported app"))
  on("list", "print id, state, algorithm and age of each key").action(list)
  on("rotate", "sign with the next key from now on; tokens under the old one go on").action(rotate)
  on("emergency", "delete keys at once: whatever they signed stops working and users log in again").argument("[key]", "id of one key; without it, all of them").action(emergency)
  return command
}

function list(directory: string, options: Place): Promise<void> {
  return withOperator(directory, options, async ({ keys }) => {
    for (const { kid, state, algorithm, created, retired } of await keys.list()) print(`${kid}  ${state.padEnd(7)}  ${algorithm}  made ${created.toISOString()}${retired === undefined ? "" : `, retired ${retired.toISOString()}`}`)
  })
}

function rotate(directory: string, options: Place): Promise<void> {
  return withOperator(directory, options, async ({ keys }) => {
    await keys.rotate()
    const current = (await keys.list()).findLast(({ state }) => state === "current")
    print(`tokens are signed with ${current?.kid ?? "no key"} from now on`)
  })
}

function emergency(directory: string, key: string | undefined, options: Place): Promise<void> {
  return withOperator(directory, options, async ({ keys }) => {
    const doomed = key === undefined ? (await keys.list()).map(({ kid }) => kid) : [key]
    for (const kid of doomed) if (!(await keys.remove(kid))) throw new ConfigError("option-invalid", `Cannot delete key \`${kid}\`: there is no such key`)
    const { kid } = await keys.current()
    print(`deleted ${doomed.length} keys; tokens are signed with ${kid} from now on`)
  })
}
