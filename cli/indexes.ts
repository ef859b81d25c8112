// `backstitch indexes <directory>`
import { Command, Option } from "commander"
import { ConfigError, directoryIndexes } from "../server/index.ts"
import { readPlace, type Place } from "./location.ts"
import { print } from "./output.ts"

interface Options extends Place { readonly create?: boolean }

/** The command over indexes. */
export function indexesCommand(): Command {
  return new Command("indexes")
    .description("print the indexes an app wants in its databases, as commands of the MongoDB shell")
    .argument("<directory>", "the exported app")
    .addOption(new Option("--data <file>", "look into this file of the embedded store; the server must not be running").conflicts("mongodb"))
    .addOption(new Option("--mongodb <uri>", "look into this MongoDB").env("BACKSTITCH_MONGODB_URI"))
    .addOption(new Option("--settings <file>", "settings of the operator, for data sources of their own").env("BACKSTITCH_SETTINGS"))
    .option("--create", "make the indexes that are missing")
    .action(indexes)
}

/** SECURITY: a database is changed only when that was asked for. */
async function indexes(directory: string, options: Options): Promise<void> {
  const { settings, location: data } = await readPlace(options)
  if (options.create === true && data === undefined) throw new ConfigError("option-invalid", "Cannot create indexes: give --data <file> or --mongodb <uri>")
  const states = await directoryIndexes({ directory, settings, ...(data === undefined ? {} : { data }), create: options.create === true })
  for (const { state, command, purpose, file } of states) {
    const why = purpose === "custom-data" ? "custom user data" : file ?? "rules"
    const isDone = state === "there" || state === "created"
    print(`${isDone ? `// ${state}: ` : ""}${command} // ${why}`)
  }
}
