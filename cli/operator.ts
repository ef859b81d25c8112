// Opening an app's users and keys for one command.
import { Option, type Command } from "commander"
import { openOperator, type Operator } from "../server/index.ts"
import { existingFile, readPlace, type Place } from "./location.ts"

/** The options that say where an app's data is; the same as those of `serve`. */
export function withPlace(command: Command): Command {
  return command
    .addOption(new Option("--data <file>", "file of the embedded store (default: backstitch.sqlite)").conflicts("mongodb"))
    .addOption(new Option("--mongodb <uri>", "a MongoDB").env("BACKSTITCH_MONGODB_URI"))
    .addOption(new Option("--settings <file>", "the operator's settings the app is served with").env("BACKSTITCH_SETTINGS"))
}

/** Opens, works, closes. A data file that is not there is not made. */
export async function withOperator(directory: string, place: Place, work: (operator: Operator) => Promise<void>): Promise<void> {
  const { settings, location = existingFile("backstitch.sqlite") } = await readPlace(place)
  const operator = await openOperator({ directory, data: location, settings })
  try {
    await work(operator)
  } finally {
    await operator.close()
  }
}
