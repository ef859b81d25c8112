// {"expect": ["returned", "threw"], "logs": 1}
exports = () => { console.log('x'.repeat(2e8)); return 1; }
