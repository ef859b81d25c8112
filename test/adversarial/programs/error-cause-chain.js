// {"expect": ["threw"], "message": "^Error: top"}
exports = () => { let error = new Error("bottom"); for (let k = 0; k < 1e5; k++) error = new Error(k === 99999 ? "top" : "x", { cause: error }); throw error }
