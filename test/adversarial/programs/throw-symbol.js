// {"expect": ["threw"]}
exports = () => { throw Symbol('x'); }
