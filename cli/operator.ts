// Opening an app's users and keys for one command.
import { existsSync } from "node:fs"
import { Option, type Command } from "commander"
import { ConfigError, openOperator, type DataLocation, type Operator } from "../server/index.ts"

export interface Place { readonly data?: string; readonly mongodb?: string }

/** The options that say where an app's data is; the same as those of `serve`. */
export function withPlace(command: Command): Command {
  return command
    .addOption(new Option("--data <file>", "file of the embedded store (default: backstitch.sqlite)").conflicts("mongodb"))
    .addOption(new Option("--mongodb <uri>", "a MongoDB").env("BACKSTITCH_MONGODB_URI"))
}

/** Opens, works, closes. A data file that is not there is not made. */
export async function withOperator(directory: string, { data, mongodb }: Place, work: (operator: Operator) => Promise<void>): Promise<void> {
  const location: DataLocation = mongodb === undefined ? { file: data ?? "backstitch.sqlite" } : { mongodb }
  if ("file" in location && !existsSync(location.file)) throw new ConfigError("data-unusable", `Cannot open \`${location.file}\`: there is no such file`)
  const operator = await openOperator({ directory, data: location })
  try {
    await work(operator)
  } finally {
    await operator.close()
  }
}
