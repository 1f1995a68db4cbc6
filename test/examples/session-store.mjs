// A session store for express-session (and whatever takes such stores) that keeps sessions in Quorate: shared by every web server,
// alive through fail-overs, gone by themselves after `maxAge`. Copy it into a project; it needs nothing but quorate.
// `session` is the express-session module, whose Store class it extends, so that this file depends on no version of it.

const TTL_MIN_MS = 2000;
const TTL_MAX_MS = 24 * 60 * 60 * 1000;
const TTL_DEFAULT_MS = 30 * 60 * 1000;

/** Makes a store: `app.use(session({ store: quorateStore(session, client), secret, … }))`. */
export function quorateStore(session, client, { prefix = 'express:' } = {}) {
  class QuorateStore extends session.Store {
    get(sid, callback) {
      answer(callback, async () => {
        const found = await client.sessions.get(prefix + sid);
        return found === null ? null : JSON.parse(found.attributes.data.toString());
      });
    }

    set(sid, data, callback) {
      answer(callback, async () => {
        const attributes = { data: JSON.stringify(data) };
        await client.sessions.put(prefix + sid, { attributes, ttlMs: ttlOf(data) });
      });
    }

    /** Begins its life again, without writing it anew unless its length changed. */
    touch(sid, data, callback) {
      answer(callback, async () => {
        const session = await client.sessions.touch(prefix + sid);
        if (session === null || session.ttlMs === ttlOf(data)) return;
        await client.sessions.put(prefix + sid, {
          ttlMs: ttlOf(data),
          ifRevision: session.revision,
        });
      });
    }

    destroy(sid, callback) {
      answer(callback, async () => {
        await client.sessions.delete(prefix + sid);
      });
    }

    all(callback) {
      answer(callback, async () => {
        const found = [];
        for await (const { attributes } of client.sessions.list({ prefix })) {
          found.push(JSON.parse(attributes.data.toString()));
        }
        return found;
      });
    }

    length(callback) {
      answer(callback, async () => {
        let count = 0;
        for await (const _ of client.sessions.list({ prefix })) count += 1;
        return count;
      });
    }

    clear(callback) {
      answer(callback, async () => {
        for await (const { id } of client.sessions.list({ prefix }))
          await client.sessions.delete(id);
      });
    }
  }
  return new QuorateStore();
}

/** Calls back outside of the promise, so that what the callback throws is not taken for a failure of the store. */
function answer(callback = () => {}, work) {
  work().then(
    (value) => setImmediate(callback, null, value),
    (error) => setImmediate(callback, error),
  );
}

function ttlOf({ cookie } = {}) {
  const maxAgeMs = cookie?.originalMaxAge ?? TTL_DEFAULT_MS;
  return Math.min(Math.max(Math.round(maxAgeMs), TTL_MIN_MS), TTL_MAX_MS);
}
