// `backstitch users …`: the accounts of an app, without a server.
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { text as readAll } from "node:stream/consumers"
import { Command } from "commander"
import { ConfigError, importUsers, type Operator } from "../server/index.ts"
import { withOperator, withPlace, type Place } from "./operator.ts"
import { complain, print } from "./output.ts"

/** The commands over users. */
export function usersCommand(): Command {
  const command = new Command("users").description("list, show, change and import the accounts of an app; on an embedded store the server must not be running")
  const on = (name: string, description: string): Command => withPlace(command.command(name).description(description).argument("<directory>", "the exported app"))
  on("list", "print one line for each user: id, state, providers, last login").option("--json", "one JSON document a line").action(list)
  on("duplicates", "print users for whom more than one document of custom data matches; exit status 1 if there are any").action(duplicates)
  on("show", "print a user, custom data as the next token will carry it, and logins that have not ended")
    .argument("<user>", "its id")
    .option("--token <file>", "compare with the copy in this access token; - reads it from standard input")
    .action(show)
  for (const [name, description, act] of [
    ["disable", "end all sessions of a user and let it log in no more", (users, id) => users.disable(id)],
    ["enable", "let a disabled user log in again", (users, id) => users.enable(id)],
    ["revoke", "end all sessions of a user", (users, id) => users.revokeSessions(id)],
    ["delete", "delete a user, its identities and keys; custom data stays", (users, id) => users.delete(id)],
  ] as readonly [string, string, (users: Operator["users"], id: string) => Promise<void>][]) {
    on(name, description).argument("<user>", "its id").action((directory: string, id: string, options: Place) => withOperator(directory, options, async ({ users }) => {
      await act(users, id)
      print(`${name}d ${id}`.replace("revoked", "revoked the sessions of"))
    }))
  }
  on("import", "import users with their ids and identities from a file of one JSON object a line; can be repeated; exit status 1 if a row was refused")
    .argument("<file>", "the file, or - for standard input")
    .option("--dry-run", "check every row and write nothing")
    .action(importFile)
  return command
}

function list(directory: string, options: Place & { readonly json?: boolean }): Promise<void> {
  return withOperator(directory, options, async ({ users }) => {
    let after: string | undefined
    for (;;) {
      const page = await users.list(after === undefined ? {} : { after })
      for (const user of page) {
        const providers = (user["identities"] as { provider_type: string }[]).map(({ provider_type: name }) => name).join(",")
        print(options.json === true ? JSON.stringify(user) : `${String(user["_id"])}  ${user["disabled"] === true ? "disabled" : "enabled "}  ${providers}  ${new Date((user["last_authentication_date"] as number) * 1000).toISOString()}`)
      }
      const last = page.at(-1)
      if (last === undefined) return
      after = last["_id"] as string
    }
  })
}

function duplicates(directory: string, options: Place): Promise<void> {
  return withOperator(directory, options, async (operator) => {
    let count = 0
    for await (const { userId, asText, asObjectId } of operator.duplicates()) {
      count += 1
      print(`${userId}  ${asText} as text, ${asObjectId} as ObjectId`)
    }
    complain(count === 0 ? "no user has more than one document" : `${count} users have more than one document; the first inserted is used, text before ObjectId`)
    if (count > 0) process.exitCode = 1
  })
}

function show(directory: string, id: string, options: Place & { readonly token?: string }): Promise<void> {
  return withOperator(directory, options, async (operator) => {
    const { user, customData, logins } = await operator.report(id)
    print(`user ${JSON.stringify(user, null, 2)}`)
    print(customData === undefined ? "custom data: no document" : `custom data, as the next token will carry it: ${JSON.stringify(customData, null, 2)}`)
    print(`${logins.length} live logins`)
    for (const { id: session, provider, device, started, lastRefresh } of logins) print(`  ${session}  ${provider}  device ${device}  since ${started.toISOString()}  refreshed ${lastRefresh.toISOString()} (to the hour)`)
    if (options.token === undefined) return
    const { userId, differences } = await operator.compare((await readAll(options.token === "-" ? process.stdin : createReadStream(options.token))).trim())
    if (userId !== id) throw new ConfigError("option-invalid", "Cannot compare: the token is another user's")
    print(differences.length === 0 ? "the copy in the token is as the document is now" : "the copy in the token differs:")
    for (const { field, snapshot, now } of differences) print(`  ${field}: ${shown(snapshot)} in the token, ${shown(now)} now`)
  })
}

function shown(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value)
}

function importFile(directory: string, file: string, options: Place & { readonly dryRun?: boolean }): Promise<void> {
  return withOperator(directory, options, async ({ users }) => {
    const input = file === "-" ? process.stdin : createReadStream(file)
    const failed = new Promise<never>((_, reject) => input.once("error", (cause: unknown) => reject(new ConfigError("option-invalid", `Cannot read \`${file}\`: it is missing or not readable`, { cause }))))
    const { imported, kept, refused } = await Promise.race([failed, importUsers(users, createInterface({ input, crlfDelay: Infinity }), {
      dryRun: options.dryRun === true,
      refused: ({ line, userId, reason }) => print(`line ${line}${userId === undefined ? "" : ` (${userId})`}: ${reason}`),
      progress: (done) => complain(`${done} lines read`),
    })])
    print(`${options.dryRun === true ? "would import" : "imported"} ${imported}, there already ${kept}, refused ${refused}`)
    if (refused > 0) process.exitCode = 1
  })
}
