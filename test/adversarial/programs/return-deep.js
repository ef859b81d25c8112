// {"expect": ["threw"]}
exports = () => { let a = {}; for (let k = 0; k < 1e5; k++) a = { a }; return a; }
