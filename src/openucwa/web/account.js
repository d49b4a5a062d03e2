// The user's own account: the password, where this server keeps it, and all places where the user is signed in.

import { additionOf } from "./additions.js";
import { Ucwa } from "./ucwa.js";

const PASSWORD = "openucwa:password";
const SIGN_OUT = "openucwa:signOut";

export class Account {
  #client;
  #session;

  constructor(client, session) {
    this.#client = client;
    this.#session = session;
  }

  // What the server offers to this user: {password, signOut}.
  async offers() {
    const [password, signOut] = await Promise.all([this.#href(PASSWORD), this.#href(SIGN_OUT)]);
    return { password: password !== undefined, signOut: signOut !== undefined };
  }

  // The rules for a new password: {minLength, maxLength}.
  async rules() {
    return (await this.#client.get(await this.#href(PASSWORD))).resource;
  }

  // Changes the password, and goes on with the token that replaces all others.
  async change(currentPassword, newPassword) {
    const href = await this.#href(PASSWORD);
    const changing = this.#apart(async (client) => {
      const { resource } = await client.post(href, { currentPassword, newPassword });
      await this.#client.signInWith(resource.accessToken);
    });
    await this.#meanwhile(changing, () => changing);
    this.#session.freshen();
  }

  // Signs the user out everywhere, here too: afterwards, this client's token is no longer valid.
  async signOutEverywhere() {
    const href = await this.#href(SIGN_OUT);
    const going = this.#apart((client) => client.post(href));
    await this.#meanwhile(going, () => going.then(() => new Promise(() => {})));
  }

  #href(rel) {
    return this.#session.run((application) => additionOf(this.#client, application, rel));
  }

  // Does something with a client of its own: if its token is refused, nobody is asked to sign in.
  #apart(work) {
    const client = new Ucwa();
    client.resume(this.#client.credentials);
    return work(client);
  }

  // Other requests may be refused before the answer is here: they wait for `then()`, instead of asking for a sign-in.
  async #meanwhile(changing, then) {
    const { signInAgain } = this.#client;
    const instead = () => then().catch(() => signInAgain?.());
    this.#client.signInAgain = instead;
    try {
      await changing;
    } finally {
      if (this.#client.signInAgain === instead) this.#client.signInAgain = signInAgain;
    }
  }
}
