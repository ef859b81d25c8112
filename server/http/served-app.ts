// What the routes need of an app that is being served; put together in server/serve-app.ts.
import type { Clock, Document } from "../../kernel/index.ts"
import type { AppModel } from "../app/index.ts"
import type { DataService } from "../data/index.ts"
import type { Functions } from "../functions/index.ts"
import type { SignIn, TokenService } from "../tokens/index.ts"
import type { Users } from "../users/index.ts"

export interface ServedApp {
  readonly model: AppModel
  /** Internal id of the app's domain, 24 hexadecimal digits; it is in every token. */
  readonly domainId: string
  readonly users: Users
  readonly tokens: TokenService
  readonly functions: Functions
  readonly data: DataService
  /** The address clients are told to use; undefined: the one they came to. */
  readonly publicUrl: string | undefined
  readonly clock: Clock
  readonly signIn: SignIn
  /** `context.user` of an account that exists and may log in; null otherwise. Custom data as it is now, or none and nothing read. */
  readonly contextUser: (userId: string, options: { readonly customData: boolean }) => Promise<Document | null>
  /** Answers an operator's question, one document for another. SECURITY: the answer holds values of users and documents, and no secret. */
  readonly explain: (asked: Document) => Promise<Document>
  /** A secret's text by its name. */
  readonly secret: (name: string) => string | undefined
  /** Notes a request under way, so that what it uses is not taken down; call what it gives when the request has ended. */
  readonly enter: () => () => void
  /** Aborted when the server stops or the app is deployed anew: open streams end. */
  readonly closing: AbortSignal
}

/** The apps this process serves, each as it is deployed now. */
export interface AppRegistry {
  byClientAppId(clientAppId: string): ServedApp | undefined
  byDomainId(domainId: string): ServedApp | undefined
  all(): readonly ServedApp[]
}
