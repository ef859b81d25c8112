// {"expect": ["returned", "threw"]}
exports = () => { for (const key of ['0', '1', 'ok', 'end', 'result', 'logs', 'id', 'kind']) Object.defineProperty(Object.prototype, key, { set() { throw new Error('set ' + key); }, get() { return 'evil'; }, configurable: true }); return { a: [1] }; }
