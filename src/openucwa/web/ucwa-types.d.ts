// The types of what ucwa.js takes and gives. UCWA's own properties are not listed: they are in /openapi.json.

/** A link, to one resource. */
export interface Link {
  href: string;
  title?: string;
  revision?: number;
}

/** A resource, or any other object, as JSON has it. */
// biome-ignore lint/suspicious/noExplicitAny: what a resource contains is the server's to say
export type Resource = Record<string, any>;

/** The answer to a request. `resource`: null: the body is no JSON. `etag`: without quotation marks. */
export interface Answer {
  resource: Resource;
  etag: string | null;
  location: string | null;
  status: number;
  headers: Headers;
  text: string;
}

export interface RequestOptions {
  /** An object, a form, or a text or a file with `type`. */
  body?: Resource | URLSearchParams | string | Blob;
  /** The media type of a text or a file. */
  type?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  keepalive?: boolean;
}

/** What was wrong with a property of the input. */
export interface Parameter {
  name: string;
  reason: string;
}

/** Why something was refused, or ended: UCWA's `reason`, or OAuth's error. */
export interface Reason {
  code?: string;
  subcode?: string;
  message?: string;
  parameters?: Parameter[];
  error?: string;
}

/** An event. `resource`: the one that it is about, if it was sent along; `in`: what that belongs to. */
export interface UcwaEvent {
  type: "added" | "updated" | "deleted" | "started" | "completed";
  link: Link & { rel: string };
  in?: Link & { rel: string };
  sender: { rel: string; href: string };
  resource?: Resource;
  status?: "Success" | "Failure";
  reason?: Reason;
}

export interface EventOptions {
  /** Ends the iterator. */
  signal?: AbortSignal;
  /** Called with an error when the server can't be reached and is tried again, and with null when it is back. */
  away?: (error: Error | null) => void;
  /** Calls `poll` when it may run, and returns what that returns; a poll that is aborted is asked again. */
  turn?: (poll: (signal?: AbortSignal) => Promise<Resource | null>) => Promise<Resource | null>;
}

/** Who is signed in, as an object that can be stored. */
export interface Credentials {
  token: string | null;
  accessToken: string | null;
  meeting: string | null;
  tokenHref: string | null;
  userHref: string | null;
  applicationsHref?: string | null;
}
