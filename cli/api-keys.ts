// `backstitch api-keys …`: the server API keys of an app, with which programs log in.
import { Command } from "commander"
import type { Operator } from "../server/index.ts"
import type { Place } from "./location.ts"
import { withOperator, withPlace } from "./operator.ts"
import { complain, print } from "./output.ts"

/** The commands over server API keys. SECURITY: a key is printed once, by the command that makes it. */
export function apiKeysCommand(): Command {
  const command = new Command("api-keys").description("make, list and change the server API keys of an app; on an embedded store the server must not be running")
  const on = (name: string, description: string): Command => withPlace(command.command(name).description(description).argument("<directory>", "the exported app"))
  on("list", "print id, state and name of each key").action(list)
  on("create", "make a key and print it, which is done only once").argument("<name>", "letters, digits, _ and -").action(create)
  for (const [name, description, act] of [
    ["disable", "let nobody log in with a key; sessions go on", (users, id) => users.setServerKeyDisabled(id, true)],
    ["enable", "let a disabled key be used again", (users, id) => users.setServerKeyDisabled(id, false)],
    ["delete", "delete a key; sessions go on", (users, id) => users.deleteServerKey(id)],
  ] as readonly [string, string, (users: Operator["users"], id: string) => Promise<void>][]) {
    on(name, description).argument("<key>", "its id").action((directory: string, id: string, options: Place) => withOperator(directory, options, async ({ users }) => {
      await act(users, id)
      print(`${name}d ${id}`)
    }))
  }
  return command
}

function list(directory: string, options: Place): Promise<void> {
  return withOperator(directory, options, async ({ users }) => {
    for (const { _id: id, name, disabled } of await users.listServerKeys()) print(`${String(id)}  ${disabled === true ? "disabled" : "enabled "}  ${String(name)}`)
  })
}

function create(directory: string, name: string, options: Place): Promise<void> {
  return withOperator(directory, options, async ({ users }) => {
    const { _id: id, key } = await users.createServerKey({ name })
    print(`${String(id)}  ${String(key)}`)
    complain("the key is not shown again; a program that has it logs in as a user of type `server`")
  })
}
