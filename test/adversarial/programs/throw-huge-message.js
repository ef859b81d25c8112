// {"expect": ["threw"], "message": "^Error: x{100,4089}$"}
exports = () => { throw new Error('x'.repeat(1e8)); }
