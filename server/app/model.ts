// The one model that the four export formats are read into. It equals format 20230101 (specification of the app directory, 1 and 7).
import type { Document, JsonPointer, Value } from "../../kernel/index.ts"

/** One remark about an app directory. `file` is relative to the app's root; `line` and `column` count from 1, where known. */
export interface Finding {
  readonly severity: "error" | "warning" | "info"
  readonly code: string
  readonly file: string
  readonly pointer: JsonPointer
  readonly message: string
  readonly line?: number
  readonly column?: number
}

export type FormatVersion = 20180301 | 20200603 | 20210101 | 20230101

export interface AppModel {
  readonly version: FormatVersion
  /** The public App ID that clients have compiled in. */
  readonly clientAppId: string
  readonly name: string
  /** Internal 24-digit ids, where the export has them. */
  readonly appId: string | undefined
  readonly projectId: string | undefined
  readonly deploymentModel: string
  readonly providerRegion: string
  /** Empty: any origin. */
  readonly allowedRequestOrigins: readonly string[]
  readonly environment: Environment
  readonly values: ReadonlyMap<string, AppValue>
  readonly customUserData: CustomUserDataConfig | undefined
  readonly providers: ReadonlyMap<string, AuthProvider>
  readonly dataSources: ReadonlyMap<string, DataSource>
  readonly functions: ReadonlyMap<string, AppFunction>
  readonly triggers: readonly Trigger[]
  readonly endpoints: readonly Endpoint[]
  /** Legacy HTTP services, by name. */
  readonly httpServices: ReadonlyMap<string, HttpService>
  /** The root of the directory, for `functions/node_modules`. */
  readonly directory: string
}

export interface Environment { readonly tag: string; readonly values: Document }

/** A value, or the name of the secret that holds it. */
export interface AppValue { readonly name: string; readonly value: Value; readonly fromSecret: boolean }

export interface CustomUserDataConfig {
  readonly enabled: boolean
  readonly dataSource: string
  readonly database: string
  readonly collection: string
  readonly userIdField: string
  readonly onUserCreationFunction: string | undefined
}

export interface AuthProvider {
  readonly type: string
  readonly id: string | undefined
  readonly disabled: boolean
  readonly config: Document
  readonly secretConfig: Document
  readonly metadataFields: readonly { readonly required: boolean; readonly name: string; readonly fieldName: string | undefined }[]
  readonly redirectUris: readonly string[]
  readonly domainRestrictions: readonly string[]
}

export interface DataSource {
  readonly name: string
  readonly type: "mongodb-atlas" | "datalake" | "mongodb"
  readonly config: Document
  /** `default_rule.json` as it stands in the file, decoded; engine/ parses it. */
  readonly defaultRule: RuleSource | undefined
  readonly collections: readonly CollectionConfig[]
  readonly id?: string | undefined
  /** Its `config.json`. A secret's name for a connection string stands in `config.secret_config.uri`. */
  readonly file?: string
}

/** A rules file before the engine parses it: plain JSON (templates expanded), and where it came from. */
export interface RuleSource {
  readonly file: string
  readonly raw: unknown
  /** The place of `raw` in the file; absent or empty: the whole file. Pointers of the engine are below it. */
  readonly pointer?: JsonPointer
}

export interface CollectionConfig {
  readonly database: string
  readonly collection: string
  readonly rules: RuleSource | undefined
  readonly schema: RuleSource | undefined
  readonly relationships: RuleSource | undefined
}

export interface AppFunction {
  readonly name: string
  readonly id: string | undefined
  readonly file: string
  readonly source: string
  readonly private: boolean
  /** Raw expression; `{}` admits every caller. */
  readonly canEvaluate: RuleSource
  readonly disableArgLogs: boolean
  readonly runAsSystem: boolean
  readonly runAsUserId: string | undefined
  readonly runAsUserIdScript: string | undefined
  /** The source of a legacy webhook: no function of the app by name, only its endpoint calls it. */
  readonly isWebhook?: boolean
}

/** A service by which functions send HTTP requests; one is sent where a rule lets it. */
export interface HttpService { readonly name: string; readonly rules: readonly HttpServiceRule[] }

export interface HttpServiceRule {
  readonly name: string
  /** The methods the rule is for, in lower case. */
  readonly actions: readonly string[]
  /** Raw expression over `%%args`: the request's settings, with the parts of its address in `%%args.url`. `{}` lets every request pass. */
  readonly when: RuleSource
}

export interface Trigger {
  readonly name: string
  readonly type: "DATABASE" | "SCHEDULED" | "AUTHENTICATION"
  readonly disabled: boolean
  readonly config: Document
  readonly functionName: string | undefined
  readonly file: string
  readonly id?: string | undefined
}

export interface Endpoint {
  readonly kind: "endpoint" | "webhook"
  readonly route: string
  /** `*`: any. */
  readonly method: string
  readonly functionName: string
  readonly validation: "NO_VALIDATION" | "SECRET_AS_QUERY_PARAM" | "VERIFY_PAYLOAD"
  readonly secretName: string | undefined
  readonly respondResult: boolean
  readonly returnType: "JSON" | "EJSON"
  readonly fetchCustomUserData: boolean
  readonly createUserOnAuth: boolean
  readonly disabled: boolean
  readonly file: string
  readonly id?: string | undefined
  /** An expression of the endpoint's own; it must hold beside the function's. */
  readonly canEvaluate?: RuleSource
  /** For a legacy webhook: its service, the service's type and its own name. `route` is `/<service>/<hook>`. */
  readonly webhook?: { readonly service: string; readonly serviceType: string; readonly name: string; readonly runAsAuthedUser: boolean }
}
