// {"expect": ["returned"]}
exports = () => { const a = {}; a.a = a; console.log(a); return 1; }
