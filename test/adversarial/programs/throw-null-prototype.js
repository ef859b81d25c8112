// {"expect": ["threw"]}
exports = () => { throw Object.create(null); }
