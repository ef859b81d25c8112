// {"expect": ["threw"], "message": "call stack"}
exports = () => { const f = () => f(); return f(); }
