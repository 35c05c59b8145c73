// What the pages say themselves; labels of tables and fields come from the schema.

import { isLogged, label, type Language, type Table } from "./schema";

const words = {
  appName: ["金秋", "Jinqiu"],
  home: ["首页", "Home"],
  find: ["查找", "Find"],
  records: ["资料", "Records"],
  conflicts: ["冲突", "Conflicts"],
  settings: ["设置", "Settings"],
  skip: ["跳到内容", "Skip to content"],
  mainMenu: ["主菜单", "Main menu"],
  save: ["保存", "Save"],
  saving: ["正在保存…", "Saving…"],
  saved: ["已保存", "Saved"],
  cancel: ["取消", "Cancel"],
  back: ["返回", "Back"],
  edit: ["修改", "Edit"],
  add: ["新增", "Add"],
  addOf: ["新增{0}", "Add {0}"],
  logOf: ["记{0}", "Log {0}"],
  editOf: ["修改{0}", "Edit {0}"],
  allOf: ["全部 {0} 条", "All {0}"],
  remove: ["删除", "Delete"],
  removeSure: ["确定删除这一行吗？历史里仍可找回。", "Delete this row? Its history stays and it can be put back."],
  removed: ["已删除", "Deleted"],
  history: ["历史", "History"],
  historyOf: ["{0} 的历史", "History of {0}"],
  print: ["打印", "Print"],
  withdraw: ["作废", "Void"],
  withdrawn: ["已作废", "Void"],
  yes: ["是", "yes"],
  no: ["否", "no"],
  none: ["—", "—"],
  notSaid: ["未填", "not said"],
  optional: ["可不填", "optional"],
  required: ["必填", "required"],
  requiredMissing: ["请填写“{0}”", "Please fill in “{0}”"],
  other: ["其他", "Other"],
  more: ["更多", "More"],
  fullForm: ["完整表格", "Full form"],
  whereKept: ["存入组织", "Kept under"],
  search: ["搜索", "Search"],
  searchHint: ["姓名、电话、文字", "name, phone, any text"],
  found: ["找到 {0} 条", "{0} found"],
  nothingFound: ["没有找到", "Nothing found"],
  nothingHere: ["这里还没有内容", "Nothing here yet"],
  loading: ["正在读取…", "Loading…"],
  loadMore: ["再看 {0} 条", "Show {0} more"],
  sortBy: ["按“{0}”排序", "Sort by “{0}”"],
  all: ["全部", "all"],
  filter: ["筛选", "Filter"],
  choose: ["选择", "Choose"],
  chooseOf: ["选择{0}", "Choose {0}"],
  clear: ["清除", "Clear"],
  due: ["该联系了", "Due"],
  dueToday: ["今天", "today"],
  dueLate: ["已过 {0} 天", "{0} days late"],
  dueIn: ["还有 {0} 天", "in {0} days"],
  nobodyDue: ["近七天没有到期的联系", "Nobody is due within a week"],
  drafts: ["没写完的", "Unfinished"],
  goOn: ["接着写", "Go on"],
  discard: ["丢弃", "Discard"],
  discardSure: ["确定丢弃这份草稿吗？", "Discard this draft?"],
  draftKept: ["草稿已存 {0}", "Draft kept {0}"],
  draftFailed: ["草稿没能存下：{0}", "The draft couldn't be kept: {0}"],
  draftBack: ["已恢复上次没写完的内容", "What you hadn't finished is back"],
  recent: ["最近记录", "Latest"],
  waiting: ["等待送出", "Not sent yet"],
  waitingNone: ["全部已送到中心", "Everything has reached the hub"],
  syncAll: ["已全部送达", "All sent"],
  syncAllAt: ["已全部送达 · {0} 核对", "All sent · checked {0}"],
  syncSending: ["正在送出 {0} 条…", "Sending {0}…"],
  syncConnecting: ["正在连接中心…", "Connecting to the hub…"],
  syncUnreachable: ["连不上中心，本机数据完好", "The hub can't be reached; your data is safe here"],
  syncRefused: ["中心拒绝了这台设备", "The hub refused this device"],
  syncFailed: ["同步出了问题", "Syncing has a problem"],
  syncNotJoined: ["这台设备还没有加入中心", "This device hasn't joined a hub"],
  syncWaiting: ["{0} 条等待送出，自 {1} 起", "{0} waiting since {1}"],
  syncNow: ["现在同步", "Sync now"],
  clockFast: ["这台电脑的时钟快了约 {0}", "This computer's clock is about {0} fast"],
  clockSlow: ["这台电脑的时钟慢了约 {0}", "This computer's clock is about {0} slow"],
  minutes: ["{0} 分钟", "{0} minutes"],
  hours: ["{0} 小时", "{0} hours"],
  days: ["{0} 天", "{0} days"],
  years: ["{0} 年", "{0} years"],
  gone: ["页面与本机程序断开了，正在重连；正在写的内容请先不要关闭", "The program on this machine doesn't answer; trying again"],
  lockedOut: ["请用新的启动链接打开", "Please open the new start link"],
  noConflicts: ["没有待处理的冲突", "No conflicts are waiting"],
  conflictsIntro: ["同一项内容，几个人写得不一样。请选一个，或另写一个。", "Several people wrote the same thing differently. Take one, or write another."],
  takeThis: ["采用这个", "Take this"],
  joinTexts: ["合在一起", "Join them"],
  writeOther: ["另写一个", "Write another"],
  decided: ["已定：{0}", "Decided: {0}"],
  undo: ["撤销", "Undo"],
  undone: ["已撤销，请重新选择", "Undone: choose again"],
  shownNow: ["目前显示", "shown now"],
  byOn: ["{0} · {1}", "{0} · {1}"],
  device: ["设备 {0}", "device {0}"],
  keepRow: ["保留这一行", "Keep the row"],
  dropRow: ["仍然删除", "Delete all the same"],
  deletedOrEdited: ["一人删除，另一人同时修改", "Deleted by one, edited by another"],
  deletion: ["删除", "deletion"],
  conflictHere: ["有冲突", "in conflict"],
  putBack: ["改回这个", "Put back"],
  putBackDone: ["已改回", "Put back"],
  stateShown: ["现在的", "current"],
  stateConflict: ["冲突中", "in conflict"],
  stateReplaced: ["以前的", "earlier"],
  added: ["加 {0}", "added {0}"],
  taken: ["去 {0}", "removed {0}"],
  changedMeanwhile: ["您打开后，{0}有了新内容。您没改的项不受影响；改同一项会列为冲突。", "Since you opened it, {0} changed. What you left alone is safe; the same item becomes a conflict."],
  addMore: ["再加多少", "how many more"],
  language: ["语言", "Language"],
  theme: ["颜色", "Colours"],
  themeSystem: ["跟随系统", "as the system"],
  themeLight: ["浅色", "light"],
  themeDark: ["深色", "dark"],
  themeContrast: ["高对比", "high contrast"],
  size: ["字号", "Text size"],
  sizeNormal: ["标准", "normal"],
  sizeLarge: ["大", "large"],
  sizeHuge: ["特大", "very large"],
  aboutMe: ["本机", "This device"],
  person: ["使用者", "Person"],
  role: ["角色", "Role"],
  org: ["组织", "Organisation"],
  rowsHere: ["记录数", "Rows here"],
  lastSync: ["上次同步", "Last synced"],
  notAllowed: ["您的角色不能修改这里", "Your role can't change this"],
  failed: ["出错了：{0}", "Something went wrong: {0}"],
  lat: ["纬度,经度", "latitude,longitude"],
  today: ["今天", "today"],
  yesterday: ["昨天", "yesterday"],
  me: ["默认是自己", "yourself by default"],
  writtenOnce: ["只写一次，不能改", "written once, can't be changed"],
  pageNotFound: ["没有这个页面", "There is no such page"],
  role_volunteer: ["志愿者", "volunteer"],
  role_secretary: ["支部书记", "secretary"],
  role_clerk: ["工作人员", "clerk"],
  role_bureau: ["老干部局", "bureau"],
  role_auditor: ["审计", "auditor"],
  role_hub: ["中心", "hub"],
} satisfies Record<string, [string, string]>;

export type Word = keyof typeof words;

let current: Language = "zh";

export function speak(language: Language): void {
  current = language;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

export function language(): Language {
  return current;
}

export function w(word: Word, ...parts: (string | number)[]): string {
  const text = words[word][current === "zh" ? 0 : 1] ?? word;
  return text.replace(/\{(\d)\}/g, (_, place: string) => String(parts[Number(place)] ?? ""));
}

/** "log a visit", "add a person" */
export function startWord(table: Table): string {
  return w(isLogged(table) ? "logOf" : "addOf", label(table, current));
}

export function roleWord(role: string | null): string {
  const key = `role_${role}` as Word;
  return role && key in words ? w(key) : (role ?? w("none"));
}
