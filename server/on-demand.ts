// What of the public interface one program rarely needs together: each is read when it is called, so that a start does not wait for it.

export const explainDirectory: typeof import("./explain.ts").explainDirectory = async (...given) => (await import("./explain.ts")).explainDirectory(...given)

export const openStore: typeof import("./open-store.ts").openStore = async (...given) => (await import("./open-store.ts")).openStore(...given)

export const dumpData: typeof import("./operations/index.ts").dumpData = async (...given) => (await import("./operations/index.ts")).dumpData(...given)

export const inspectDump: typeof import("./operations/index.ts").inspectDump = async (...given) => (await import("./operations/index.ts")).inspectDump(...given)

export const restoreData: typeof import("./operations/index.ts").restoreData = async (...given) => (await import("./operations/index.ts")).restoreData(...given)

export const copyData: typeof import("./operations/index.ts").copyData = async (...given) => (await import("./operations/index.ts")).copyData(...given)

export const directoryIndexes: typeof import("./directory-indexes.ts").directoryIndexes = async (...given) => (await import("./directory-indexes.ts")).directoryIndexes(...given)

export const openOperator: typeof import("./operate.ts").openOperator = async (...given) => (await import("./operate.ts")).openOperator(...given)

export const importUsers: typeof import("./import-users.ts").importUsers = async (...given) => (await import("./import-users.ts")).importUsers(...given)
