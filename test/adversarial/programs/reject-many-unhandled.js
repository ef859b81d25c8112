// {"expect": ["threw"]}
exports = () => { for (let k = 0; k < 1e5; k++) Promise.reject(new Error('x' + k)); return 1; }
