// {"expect": ["threw"]}
exports = () => { const a = {}; a.a = a; return a; }
