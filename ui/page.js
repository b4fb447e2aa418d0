// What the page does in the browser. Each of its panes is one of Gradio's HTML components, whose HTML the server makes:
// here a click or a form becomes one event for the server, with the data-* of what was clicked, as text.
(() => {
  const byId = id => document.getElementById(id);

  // Gradio sets a pane's HTML anew. What was unfolded stays so, and the focus goes back to the control that had it.
  function keep(element, watch) {
    const open = new Map();
    let focused = null;
    element.addEventListener('toggle', event => {
      const key = event.target.dataset?.key;
      if (key && event.target.isConnected) open.set(key, event.target.open);
    }, true);
    element.addEventListener('focusin', event => { focused = event.target.closest('[data-key]')?.dataset.key ?? null; });
    document.addEventListener('focusin', event => { if (!element.contains(event.target)) focused = null; });
    watch('value', () => {
      for (const details of element.querySelectorAll('details[data-key]')) {
        if (open.get(details.dataset.key)) details.open = true;
      }
      const now = document.activeElement;  // a control that was just disabled has the focus until the next frame
      if (!focused || (now !== document.body && !(element.contains(now) && now.disabled))) return;
      // Where it is gone, or can do no more, the first one that is there.
      const controls = ':is(button, summary)[data-key]:not([disabled])';
      const same = element.querySelector(`[data-key="${CSS.escape(focused)}"]:not([disabled])`);
      (same ?? element.querySelector(controls))?.focus({preventScroll: true});
    });
    return {close: key => open.delete(key)};
  }

  async function copy(button, text = button.dataset.copy) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // not on a page that came by plain http from another machine
      const box = Object.assign(document.createElement('textarea'), {value: text});
      document.body.append(box);
      box.select();
      document.execCommand('copy');
      box.remove();
    }
    const label = button.firstChild;
    const before = label.textContent;
    if (before === 'Copied') return;
    label.textContent = 'Copied';
    setTimeout(() => { label.textContent = before; }, 1500);
  }

  // What asks before it does, and what takes a line of text from the reader.
  const asked = {
    remove: data => confirm(`Leave “${data.name}” out of the articles from now on? Its file stays where it is.`),
    delete: data => confirm(`Delete the conversation “${data.name}”? It cannot be had back.`),
    rename: data => {
      const title = prompt('Name of the conversation', data.name);
      return title !== null && Object.assign(data, {title});
    },
  };

  function panel(element, trigger, watch) {
    const kept = keep(element, watch);
    const act = data => { if (asked[data.do]?.(data) ?? true) trigger('select', data); };
    element.addEventListener('click', event => {
      const button = event.target.closest('button');
      if (button?.dataset.copy) return copy(button);
      if (button?.matches('.ask')) return inBox('wish', JSON.stringify({...button.dataset, at: Date.now()}));
      const what = event.target.closest('[data-do]');
      if (!what || what.tagName === 'FORM' || (!button && !getSelection().isCollapsed)) return;
      const {key, ...data} = what.dataset;
      if (data.do === 'step') return step(Number(data.by));
      act(data);
      if (data.do === 'open' || data.do === 'read') toSource();
    });
    element.addEventListener('submit', event => {
      event.preventDefault();
      act({...Object.fromEntries(new FormData(event.target)), do: event.target.dataset.do});
      const details = event.target.closest('details');
      if (details) { details.open = false; kept.close(details.dataset.key); }
    });
    return kept;
  }

  // The sentence in its context stands under its citation, or above it where there is no room. Of one column, it is as
  // wide as all of them.
  function beside(cite, context) {
    const box = (cite.closest('.columns') ?? cite.closest('.passage')).getBoundingClientRect();
    const {top, bottom} = cite.getBoundingClientRect();
    context.style.left = `${box.left + 8}px`;
    context.style.width = `${box.width - 16}px`;
    context.style.top = '0';
    const height = context.offsetHeight;
    const under = bottom + 4 + height <= innerHeight;
    context.style.top = `${under ? bottom + 4 : Math.max(4, top - 4 - height)}px`;
  }

  const narrow = () => matchMedia('(max-width: 800px)').matches;
  function toSource() { if (narrow()) byId('source').scrollIntoView(); }

  // The citations of the answer that one of them was opened from last.
  function step(by) {
    const pane = byId('conversation');
    const now = pane.querySelector('[aria-current]');
    const turn = now ? now.closest('.turn') : pane.querySelector('.turn:last-child');
    const all = [...(turn?.querySelectorAll('.cite') ?? [])];
    const next = all[now ? all.indexOf(now) + by : 0];
    if (!next) return;
    const folded = next.closest('details');
    if (folded) folded.open = true;
    next.click();
    next.scrollIntoView({block: 'nearest'});
  }

  function stepByKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest('input, textarea, select')) return;
    if (event.key === 'ArrowRight') step(1);
    else if (event.key === 'ArrowLeft') step(-1);
    else return;
    event.preventDefault();
  }

  // Puts a text into the box of a name: a question to be changed, or one to be asked, which the server is told at once.
  function inBox(name, text) {
    const box = document.querySelector(`#${name} textarea`);
    box.value = text;
    box.dispatchEvent(new Event('input', {bubbles: true}));
    return box;
  }

  function region(pane, label) {
    pane.tabIndex = 0;
    pane.setAttribute('role', 'region');
    pane.setAttribute('aria-label', label);
  }

  function turnTo(name) {
    for (const tab of document.querySelectorAll('#tabs [role=tab]')) {
      const chosen = tab.dataset.tab === name;
      tab.setAttribute('aria-selected', chosen);
      tab.tabIndex = chosen ? 0 : -1;
      byId(`tab-${tab.dataset.tab}`).classList.toggle('chosen', chosen);
    }
  }

  window.page = {
    panel,

    // https://www.w3.org/WAI/ARIA/apg/patterns/tabs/
    tabs(element, trigger) {
      const tabs = [...element.querySelectorAll('[role=tab]')];
      for (const tab of tabs) {
        const panel = byId(tab.getAttribute('aria-controls'));
        panel.setAttribute('role', 'tabpanel');
        panel.setAttribute('aria-labelledby', tab.id);
      }
      const choose = tab => {
        turnTo(tab.dataset.tab);
        trigger('select', {tab: tab.dataset.tab});
      };
      element.addEventListener('click', event => {
        const tab = event.target.closest('[role=tab]');
        if (tab) choose(tab);
      });
      element.addEventListener('keydown', event => {
        const now = tabs.indexOf(document.activeElement);
        const next = {
          ArrowRight: now + 1, ArrowLeft: now + tabs.length - 1, Home: 0, End: tabs.length - 1,
        }[event.key];
        if (now < 0 || next === undefined) return;
        event.preventDefault();
        const tab = tabs[next % tabs.length];
        tab.focus();
        choose(tab);
      });
    },

    conversation(element, trigger, watch) {
      const pane = byId('conversation');
      region(pane, 'Conversation');
      panel(element, trigger, watch);
      let chosen = '';
      pane.addEventListener('keydown', event => {
        stepByKey(event);
        if (event.key === 'Escape') element.classList.add('quiet');
      });
      for (const kind of ['mouseover', 'focusin']) {
        element.addEventListener(kind, event => {
          element.classList.remove('quiet');
          const cite = event.target.closest('.cite');
          if (cite) beside(cite, cite.closest('.passage').querySelector('.context'));
        });
      }
      element.addEventListener('click', event => {
        const change = event.target.closest('button.change');
        if (change) return inBox('ask', change.dataset.text).focus();
        const passage = event.target.closest('[data-passage]');
        const button = event.target.closest('button');
        if (!passage || button?.matches('.copy') || (!button && !getSelection().isCollapsed)) return;
        element.querySelectorAll('[aria-current]').forEach(cite => cite.removeAttribute('aria-current'));
        passage.querySelector('.cite').setAttribute('aria-current', 'true');
        chosen = passage.querySelector('.cite').dataset.key;
        trigger('select', {do: 'show', turn: passage.dataset.turn, passage: passage.dataset.passage});
        toSource();
      });
      let before = '';
      watch('value', () => {
        const all = element.querySelectorAll('.turn');
        const last = all[all.length - 1];
        const now = last ? `${all.length} ${last.querySelectorAll('.passage, .refusal, .note, .judged').length}` : '';
        const cite = chosen && now === before && element.querySelector(`[data-key="${chosen}"]`);
        if (cite) {  // only what was said of an answer changed
          element.querySelectorAll('[aria-current]').forEach(other => other.removeAttribute('aria-current'));
          cite.setAttribute('aria-current', 'true');
        }
        if (last && now !== before) {  // only the pane scrolls: scrollIntoView would move the page with it
          pane.scrollTop += last.getBoundingClientRect().top - pane.getBoundingClientRect().top - 16;
        }
        before = now;
      });
    },

    source(element, trigger, watch) {
      const pane = byId('source');
      region(pane, 'Source article');
      panel(element, trigger, watch);
      pane.addEventListener('keydown', stepByKey);
      element.addEventListener('click', event => {
        if (event.target.closest('.back')) byId('asking').scrollIntoView();
      });
      watch('value', () => {
        const mark = element.querySelector('mark.shown');
        if (!mark) return pane.scrollTo(0, 0);
        const above = Math.max(pane.clientHeight / 4, element.querySelector('header').offsetHeight + 24);
        pane.scrollTop += mark.getBoundingClientRect().top - pane.getBoundingClientRect().top - above;
      });
    },

    // The page's link, which a reader may keep: the server says it, the browser shows it.
    link(element, trigger, watch) {
      watch('value', () => {
        const link = element.querySelector('[data-link]');
        if (link) {
          history.replaceState(history.state, '', location.pathname + link.dataset.link);
          if (link.dataset.turnTo) turnTo(link.dataset.turnTo);
        }
        const file = element.querySelector('[data-file]');
        if (file) {
          const url = URL.createObjectURL(new Blob([file.textContent], {type: file.dataset.type}));
          Object.assign(document.createElement('a'), {href: url, download: file.dataset.file}).click();
          setTimeout(() => URL.revokeObjectURL(url), 10_000);
        }
      });
    },

    // A button that copies the page's link, and all else that a pane does.
    kept(element, trigger, watch) {
      panel(element, trigger, watch);
      element.addEventListener('click', event => {
        const button = event.target.closest('.link');
        if (button) copy(button, location.href);
        if (event.target.closest('[data-do=open], [data-do=new], [data-do=export]')) {
          element.querySelectorAll('details').forEach(details => { details.open = false; });
        }
      });
      document.addEventListener('click', event => {
        if (!element.contains(event.target)) element.querySelectorAll('details').forEach(details => { details.open = false; });
      });
      element.addEventListener('keydown', event => {
        const details = event.target.closest('details[open]');
        if (event.key === 'Escape' && details) { details.open = false; details.querySelector('summary').focus(); }
      });
    },
  };
})();
