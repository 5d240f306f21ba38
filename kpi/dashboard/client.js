// Page links of Streamlit change the page of this tab, whatever key is held. With Ctrl, Cmd or Shift the
// browser follows a link itself, into a new tab or window. On a phone a choice of page closes the sidebar,
// which would cover it.
if (!window.kpiFollowsLinks) {
  window.kpiFollowsLinks = true;
  document.addEventListener("click", event => {
    const link = event.target.closest("[data-testid=stPageLink-NavLink]");
    if (!link) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) event.stopPropagation();
    else if (link.closest("[data-testid=stSidebar]") && matchMedia("(max-width: 768px)").matches)
      document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  }, true);
}
