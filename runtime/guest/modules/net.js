// `require("net")`: present so that packages load; every use says that it is not available.
const refuse = (name) => function () {
  throw new Error(`net.${name} is not available in this server`)
}
module.exports = new Proxy({ isIP: (text) => (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? 4 : /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) ? 6 : 0), constants: {} }, {
  get: (target, name) => (name in target || typeof name === "symbol" || name === "__esModule" || name === "default" || name === "then" ? target[name] : refuse(name)),
})
