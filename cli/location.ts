// Where a command finds an app's data, and the settings it works under.
import { existsSync } from "node:fs"
import { ConfigError, readSettings, type DataLocation, type ServerSettings } from "../server/index.ts"

/** What the command line says of it. */
export interface Place { readonly data?: string; readonly mongodb?: string; readonly settings?: string }

/** Reads the settings file, and where data is: as the command line says, else as the settings say. A file that is not there is not made. */
export async function readPlace({ data, mongodb, settings: file }: Place): Promise<{ readonly settings: ServerSettings; readonly location: DataLocation | undefined }> {
  const settings = file === undefined ? {} : await readSettings(file)
  if (data !== undefined) return { settings, location: existingFile(data) }
  const uri = mongodb ?? settings.mongodb
  return { settings, location: uri === undefined ? undefined : { mongodb: uri } }
}

/** The file of an embedded store. Throws `ConfigError` when it is not there. */
export function existingFile(file: string): DataLocation {
  if (!existsSync(file)) throw new ConfigError("data-unusable", `Cannot open \`${file}\`: there is no such file`)
  return { file }
}
