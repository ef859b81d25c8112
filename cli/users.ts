// `backstitch users …`: the accounts of an app, without a server.
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { text as readAll } from "node:stream/consumers"
import { Command } from "commander"
import { ConfigError, importUsers, type LiveLogin, type Operator, type SnapshotDifference } from "../server/index.ts"
import type { Place } from "./location.ts"
import { withOperator, withPlace } from "./operator.ts"
import { complain, print } from "./output.ts"
import { addPendingCommands } from "./pending-users.ts"

/** The commands over users. */
export function usersCommand(): Command {
  const command = new Command("users").description("list, show, change and import the accounts of an app; on an embedded store the server must not be running")
  const on = (name: string, description: string): Command => withPlace(command.command(name).description(description).argument("<directory>", "the exported app"))
  on("list", "print one line for each user: id, state, providers, last login").option("--json", "one JSON document a line").action(list)
  on("duplicates", "print users for whom more than one document of custom data matches; exit status 1 if there are any").action(duplicates)
  on("show", "print a user, custom data as the next token will carry it, and each live login with the copy its last token carries and where the two differ")
    .argument("<user>", "its id")
    .option("--json", "print one JSON document")
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
  addPendingCommands(on)
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

function show(directory: string, id: string, options: Place & { readonly token?: string; readonly json?: boolean }): Promise<void> {
  return withOperator(directory, options, async (operator) => {
    const report = await operator.report(id)
    const compared = options.token === undefined ? undefined : await operator.compare((await readAll(options.token === "-" ? process.stdin : createReadStream(options.token))).trim())
    if (compared !== undefined && compared.userId !== id) throw new ConfigError("option-invalid", "Cannot compare: the token is another user's")
    if (options.json === true) return print(JSON.stringify({ ...report, customData: report.customData ?? null, ...(compared === undefined ? {} : { token: compared }) }, null, 2))
    print(`user ${JSON.stringify(report.user, null, 2)}`)
    print(report.customData === undefined ? "custom data: no document" : `custom data, as the next token will carry it: ${JSON.stringify(report.customData, null, 2)}`)
    print(`${report.logins.length} live logins`)
    for (const login of report.logins) for (const line of loginLines(login)) print(line)
    if (compared === undefined) return
    print(compared.differences.length === 0 ? "the copy in the token is as the document is now" : "the copy in the token differs:")
    for (const each of compared.differences) print(differenceLine(each))
  })
}

function loginLines({ id, provider, device, started, lastRefresh, snapshot, snapshotTaken, differences }: LiveLogin): string[] {
  const head = `  ${id}  ${provider}  device ${device}  since ${started.toISOString()}  refreshed ${lastRefresh.toISOString()} (to the hour)`
  if (snapshot === undefined || snapshotTaken === undefined) return [head, "    its copy of custom data is not known: the login has not been refreshed since copies are kept"]
  const copy = `    ${snapshot === null ? "no custom data in its token" : `custom data in its token: ${JSON.stringify(snapshot)}`}, as read at ${snapshotTaken.toISOString()}`
  return [head, copy, ...(differences.length === 0 ? ["    as the document is now"] : ["    differs:", ...differences.map((each) => `    ${differenceLine(each)}`)])]
}

function differenceLine({ field, snapshot, now }: SnapshotDifference): string {
  return `  ${field}: ${shown(snapshot)} in the token, ${shown(now)} now`
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
