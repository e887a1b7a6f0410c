// Light or dark: as the system has it, unless somebody says otherwise.
const themeListeners = [];

function readTheme() {
  try {
    return localStorage.getItem('lockstep-theme') || 'auto';
  } catch {
    return 'auto'; // storage is off
  }
}

function applyTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of themeListeners) listener();
}

function startTheme() {
  const select = byId('theme');
  select.value = readTheme();
  applyTheme(select.value);
  select.addEventListener('change', () => {
    try {
      localStorage.setItem('lockstep-theme', select.value);
    } catch {
      // it holds for this page
    }
    applyTheme(select.value);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => applyTheme(readTheme()));
}
