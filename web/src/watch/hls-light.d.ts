// The package types its smaller build by the whole one's name only.
declare module 'hls.js/light' {
  export { default } from 'hls.js'
}
