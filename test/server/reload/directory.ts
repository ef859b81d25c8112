// A directory of the sample app that a test changes while it is served.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { worktracker } from "../../support/serve.ts"

export interface AppDirectory {
  readonly path: string
  /** Writes a file below the app. */
  write(file: string, content: string | object): void
  remove(file: string): void
}

/** A copy whose function `whoAmI` answers what `setRole` returns, after a pause if it is given one. */
export function copyApp(path: string, answer = "old"): AppDirectory {
  cpSync(worktracker, path, { recursive: true })
  const directory: AppDirectory = {
    path,
    write(file, content) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), typeof content === "string" ? content : JSON.stringify(content))
    },
    remove: (file) => rmSync(join(path, file), { recursive: true }),
  }
  directory.write("functions/whoAmI.js", "exports = async (pause) => { if (pause) await new Promise((done) => setTimeout(done, pause)); return context.functions.execute(\"setRole\") }")
  setAnswer(directory, answer)
  return directory
}

/** Changes what `whoAmI` answers. */
export function setAnswer(directory: AppDirectory, answer: string): void {
  directory.write("functions/setRole.js", `exports = () => ${JSON.stringify(answer)}`)
}

/** Rules by which everybody may read a collection that the sample has no rules for. */
export function openNotes(directory: AppDirectory): void {
  directory.write("data_sources/mongodb-atlas/tracker/notes/rules.json", {
    database: "tracker", collection: "notes", roles: [{ name: "all", apply_when: {}, read: true, write: true, insert: true, delete: true, search: true }], filters: [],
  })
}
