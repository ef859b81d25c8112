// The version of an app that was deployed last, in the state of its database: by it processes tell each other to read their directories again.
import { createHash } from "node:crypto"
import type { Clock } from "../kernel/index.ts"
import type { StateCollection } from "./users/index.ts"

/** `revision` grows with each deployment, also of the same content; `digest` says what the directory held. */
export interface DeployedVersion {
  readonly revision: number
  readonly digest: string
}

export interface DeployedVersions {
  /** Undefined: nothing was deployed yet. */
  read(): Promise<DeployedVersion | undefined>
  /** Notes a deployment and resolves to its version. */
  publish(digest: string): Promise<DeployedVersion>
}

const current = "current"
const attempts = 20

/** Makes the record over a collection of the app's state. */
export function createDeployedVersions({ collection, clock }: { readonly collection: StateCollection; readonly clock: Clock }): DeployedVersions {
  async function read(): Promise<DeployedVersion | undefined> {
    const found = await collection.findOne({ _id: current })
    return found === null ? undefined : { revision: Number(found["revision"]), digest: String(found["digest"]) }
  }

  return {
    read,
    async publish(digest) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const before = await read()
        const next = { revision: (before?.revision ?? 0) + 1, digest }
        const fields = { ...next, deployed_at: clock() }
        if (before === undefined ? (await collection.insertOne({ _id: current, ...fields })) === "inserted" : (await collection.updateOne({ _id: current, revision: before.revision }, { $set: fields })) === 1) return next
      }
      throw new Error("Cannot note the deployment: too many at the same moment")
    },
  }
}

/** What the files of an export come to. Secrets are no part of it, nor are installed packages. */
export function digestOfFiles(files: ReadonlyMap<string, string>): string {
  const digest = createHash("sha256")
  for (const [path, text] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) digest.update(`${path.length} ${path} ${text.length} ${text}\n`)
  return digest.digest("hex")
}
