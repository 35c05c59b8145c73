// Two languages: the one that is spoken, words that local pages and console share, and how a page
// says one of its own.

export type Language = "zh" | "en";
export type Words = Record<string, [string, string]>;

export const common = {
  records: ["资料", "Records"],
  conflicts: ["冲突", "Conflicts"],
  manyValues: ["共有 {0} 个不同的值，这里是各设备最新的 {1} 个", "{0} values wait; here are {1}, the newest of each device"],
  settings: ["设置", "Settings"],
  skip: ["跳到内容", "Skip to content"],
  cancel: ["取消", "Cancel"],
  history: ["历史", "History"],
  print: ["打印", "Print"],
  csv: ["存为 CSV", "Save as CSV"],
  xlsx: ["存为表格", "Save as XLSX"],
  pdf: ["存为 PDF", "Save as PDF"],
  papers: ["纸质表", "Papers"],
  paperFilled: ["按记录填好", "Filled"],
  paperBlank: ["空白表", "Blank"],
  paperOfRow: ["填好的，在那一条的页面上。", "A filled one is on the page of its row."],
  none: ["—", "—"],
  search: ["搜索", "Search"],
  loading: ["正在读取…", "Loading…"],
  columns: ["列", "Columns"],
  reports: ["报表", "Reports"],
  language: ["语言", "Language"],
  theme: ["颜色", "Colours"],
  themeSystem: ["跟随系统", "as the system"],
  themeLight: ["浅色", "light"],
  themeDark: ["深色", "dark"],
  themeContrast: ["高对比", "high contrast"],
  person: ["使用者", "Person"],
  role: ["角色", "Role"],
  failed: ["出错了：{0}", "Something went wrong: {0}"],
  pageNotFound: ["没有这个页面", "There is no such page"],
  role_volunteer: ["志愿者", "volunteer"],
  role_secretary: ["支部书记", "secretary"],
  role_clerk: ["工作人员", "clerk"],
  role_bureau: ["老干部局", "bureau"],
  role_auditor: ["审计", "auditor"],
  role_hub: ["中心", "hub"],
} satisfies Words;

let current: Language = "zh";

export function speak(language: Language): void {
  current = language;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

export function language(): Language {
  return current;
}

/** The function that says one of `words`, with {0}, {1} … replaced. */
export function speaker<Key extends string>(words: Record<Key, [string, string]>) {
  return (word: Key, ...parts: (string | number)[]): string => {
    const text = words[word][current === "zh" ? 0 : 1];
    return text.replace(/\{(\d)\}/g, (_, place: string) => String(parts[Number(place)] ?? ""));
  };
}

const c = speaker(common);

export function roleWord(role: string | null): string {
  const key = `role_${role}` as keyof typeof common;
  return role && key in common ? c(key) : (role ?? c("none"));
}
