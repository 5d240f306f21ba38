// Page links of Streamlit change the page of this tab, whatever key is held. With Ctrl, Cmd or Shift the
// browser follows a link itself, into a new tab or window. On a phone a choice of page closes the sidebar,
// which would cover it. Enter applies a typed date, which Streamlit applies once another element has the focus.
// A cookie names the publication that the reader saw last, so that the next visit can say what was revised since.
// "Copy link" copies the address, which holds every choice; client.css says so for a moment.
if (!window.kpiFollowsLinks) {
  window.kpiFollowsLinks = true;
  document.addEventListener("click", event => {
    const link = event.target.closest("[data-testid=stPageLink-NavLink]");
    if (!link) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) event.stopPropagation();
    else if (link.closest("[data-testid=stSidebar]") && matchMedia("(max-width: 768px)").matches)
      document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  }, true);
  document.addEventListener("click", event => {
    if (!event.target.closest(".st-key-copy_link button")) return;
    navigator.clipboard?.writeText(location.href).then(() => {
      document.body.dataset.kpiCopied = "";
      setTimeout(() => delete document.body.dataset.kpiCopied, 3000);
    }, () => {}); // without permission the reader copies the link that the button shows
  }, true);
  document.addEventListener("keydown", event => {
    const main = document.querySelector("[data-testid=stMain]");
    if (event.key !== "Enter" || !main || !event.target.closest("[data-testid=stDateInputField]")) return;
    main.tabIndex = -1; // may have the focus, without a place in the order of Tab
    main.focus({preventScroll: true});
  }, true);
  addEventListener("pagehide", () => {
    const shown = document.querySelector("[class*=st-key-publication_]")?.className.match(/publication_(\d+)/);
    if (shown) document.cookie = `kpi_looked=${shown[1]}; Path=/; Max-Age=31536000; SameSite=Lax`;
  });
}
