// k6/browser, so that scripts that import it beside other modules run: what they do with a browser says that there is none.
// Evaluates to the module's exports.
(() => {
  const refuse = (what) => {
    throw new Error(`${what} of k6/browser: Lockstep drives no browser; run this scenario with k6, or leave it out here`);
  };
  // An object of whatever members a script asks for, each of which refuses when it is called.
  const nothing = (name) => new Proxy({}, {
    get: (target, key) => typeof key === 'symbol' || key === 'then' || key === 'toJSON' ? undefined : () => refuse(`${name}.${key}()`),
  });
  // Init code looks up devices and profiles by name, and hands them to the browser later.
  const named = new Proxy({}, { get: (target, key) => (typeof key === 'symbol' ? undefined : Object.freeze({})) });
  return { browser: nothing('browser'), chromium: nothing('chromium'), devices: named, networkProfiles: named };
})()
