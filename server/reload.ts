// Deploying a directory again while it is served, by request or because another process did.
import type { AppModel, Finding, LoadedApp } from "./app/index.ts"
import type { AppLog } from "./app-log.ts"
import { digestOfFiles, type DeployedVersions } from "./deployed-version.ts"
import { ConfigError } from "./errors.ts"
import type { RunningApp } from "./serve-app.ts"

/** What came of a reload. Refused: nothing has changed, and `findings` say why. */
export interface ReloadOutcome {
  readonly outcome: "reloaded" | "refused"
  readonly findings: readonly Finding[]
}

export interface Reloading {
  /** Notes the start as a deployment, and from then on does as other processes do. */
  begin(loaded: LoadedApp): Promise<void>
  reload(): Promise<ReloadOutcome>
  stop(): Promise<void>
}

export interface ReloadingOptions {
  readonly app: Pick<RunningApp, "redeploy">
  /** Reads the directory and the secrets. */
  readonly load: () => Promise<{ readonly loaded: LoadedApp; readonly findings: readonly Finding[] }>
  readonly versions: DeployedVersions
  /** No other process can be told or heard. */
  readonly alone: boolean
  readonly log: AppLog["deployment"]
  readonly pollMs?: number
}

/** How often a process asks whether another one deployed: one read of one document. */
const usualPollMs = 2000
/** Attempts at a revision whose directory is not here yet, or which fails, become rarer, up to one in so many polls. */
const rarest = 16

/** Makes the reloading of one app. Reloads come one after the other. */
export function createReloading({ app, load, versions, alone, log, pollMs = usualPollMs }: ReloadingOptions): Reloading {
  let seen = 0
  let last: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  /** While a revision cannot be taken up: polls until the next attempt, and the step after that. */
  let wait = { revision: 0, left: 0, step: 1 }

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    return turn
  }

  async function reloadNow(): Promise<ReloadOutcome> {
    const { loaded, findings } = await load()
    const model = acceptable(loaded, findings)
    if (model === undefined) return { outcome: "refused", findings }
    const digest = digestOfFiles(loaded.files)
    await app.redeploy(model, loaded.secrets, async () => {
      if (!alone) seen = (await versions.publish(digest)).revision
    })
    log("info", "deployed", { digest: short(digest) })
    return { outcome: "reloaded", findings }
  }

  /** Does as another process did, if this one's directory holds what was deployed there. */
  async function follow(): Promise<void> {
    const version = await versions.read()
    if (version === undefined || version.revision === seen) return
    if (wait.revision !== version.revision) wait = { revision: version.revision, left: 0, step: 1 }
    if (wait.left-- > 0) return
    const { step } = wait
    wait = { ...wait, left: step - 1, step: Math.min(step * 2, rarest) }
    const { loaded, findings } = await load()
    const digest = digestOfFiles(loaded.files)
    if (digest !== version.digest) {
      if (step === 1) log("warn", "deployment-differs", { deployed: short(version.digest), here: short(digest) })
      return
    }
    const model = acceptable(loaded, findings)
    if (model === undefined) {
      log("warn", "deployment-refused", { digest: short(digest), errors: findings.filter(({ severity }) => severity === "error").length })
    } else {
      await app.redeploy(model, loaded.secrets, () => Promise.resolve())
      log("info", "deployed", { digest: short(digest) })
    }
    seen = version.revision
  }

  function pollAgain(): void {
    if (isStopped) return
    timer = setTimeout(() => {
      void inTurn(follow).catch((error: unknown) => log("warn", "deployment-failed", { error: error instanceof ConfigError ? error.message : error instanceof Error ? error.name : "unknown" })).finally(pollAgain)
    }, pollMs).unref()
  }

  return {
    async begin({ files }) {
      if (alone) return
      const digest = digestOfFiles(files)
      const version = await versions.read()
      seen = (version?.digest === digest ? version : await versions.publish(digest)).revision
      pollAgain()
    },
    reload: () => inTurn(reloadNow),
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await last
    },
  }
}

function acceptable({ app }: LoadedApp, findings: readonly Finding[]): AppModel | undefined {
  return findings.some(({ severity }) => severity === "error") ? undefined : app
}

function short(digest: string): string {
  return digest.slice(0, 12)
}
