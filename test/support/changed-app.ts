// A copy of a fixture app with files of its own in it.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

export interface ChangedApp { readonly directory: string; remove(): Promise<void> }

/** Copies an app and writes files into the copy; what is no text is written as JSON. */
export async function changedApp(app: string, files: Readonly<Record<string, unknown>>): Promise<ChangedApp> {
  const directory = await mkdtemp(join(tmpdir(), "backstitch-app-"))
  await cp(app, directory, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    const file = join(directory, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content))
  }
  return { directory, remove: () => rm(directory, { recursive: true }) }
}
