"""preflight.support - how many mail clients know each feature of HTML and CSS.

Figures counted from the data of "Can I email" as the npm package caniemail 2.0.2 carries them (its
licence: MIT; last update of the data 2026-05-13). Of every client the last tested version counts;
one whose support is unknown is left out. A line: slug, clients with full support, with partial
support, tested, name. tests/preflight/test_support.py compares it with the package, and with
PUBLISHER_UPDATE=1 writes it anew.
Faults: none. Never: judges. See: features (which is what reads a mail for them).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Support(NamedTuple):
    """How many of the tested clients know a feature, fully or in part."""

    name: str
    yes: int
    partly: int
    tested: int

    @property
    def share(self) -> float:
        """The share of clients that know it at least in part."""
        return (self.yes + self.partly) / self.tested


VERSION: Final = "2.0.2"
_TABLE: Final = """\
css-accent-color 6 0 31 accent-color
css-align-items 24 0 41 align-items
css-animation 10 3 41 animation
css-aspect-ratio 17 0 41 aspect-ratio
css-at-font-face 9 1 41 @font-face
css-at-import 9 0 42 @import
css-at-keyframes 13 1 41 @keyframes
css-at-media 16 17 41 @media
css-at-media-device-pixel-ratio 19 0 41 @media (-webkit-device-pixel-ratio)
css-at-media-hover 10 0 27 @media (hover), @media (any-hover)
css-at-media-orientation 22 1 41 @media (orientation)
css-at-media-prefers-color-scheme 18 0 43 @media (prefers-color-scheme)
css-at-media-prefers-reduced-motion 18 3 41 @media (prefers-reduced-motion)
css-at-supports 20 0 41 @supports
css-backdrop-filter 11 0 29 backdrop-filter
css-background 28 13 41 background
css-background-blend-mode 25 2 41 background-blend-mode
css-background-clip 25 2 41 background-clip
css-background-color 36 5 41 background-color
css-background-image 31 8 43 background-image
css-background-origin 25 2 41 background-origin
css-background-position 37 2 41 background-position
css-background-repeat 37 2 41 background-repeat
css-background-size 31 2 41 background-size
css-block-inline-size 19 0 39 block-size & inline-size
css-border 39 2 41 border
css-border-collapse 29 0 29 border-collapse
css-border-image 20 0 41 border-image
css-border-inline-block 15 0 34 border-inline & border-block
css-border-inline-block-individual 15 1 34 border-inline & border-block individual logical properties
css-border-inline-block-longhand 16 0 34 border-inline & border-block longhand properties
css-border-radius 28 6 41 border-radius
css-border-radius-logical 9 0 26 border-radius logical properties
css-border-spacing 26 0 29 border-spacing
css-box-shadow 24 2 41 box-shadow
css-box-sizing 29 0 41 box-sizing
css-caption-side 39 0 41 caption-side
css-clear 11 10 23 clear
css-clip-path 19 1 41 clip-path
css-color-scheme 6 1 31 color-scheme CSS property
css-column-count 30 0 41 column-count
css-column-layout-properties 21 0 29 css column properties
css-comments 17 11 33 CSS comments
css-conic-gradient 14 1 35 conic-gradient()
css-cursor 2 5 18 cursor
css-direction 40 1 41 direction
css-display 25 16 41 display
css-display-flex 32 2 41 display:flex
css-display-grid 32 2 41 display:grid
css-display-none 38 2 41 display:none
css-empty-cells 15 0 22 empty-cells
css-filter 18 1 41 filter
css-flex-direction 23 0 41 flex-direction:column
css-flex-wrap 24 0 41 flex-wrap: wrap
css-float 29 10 41 float
css-font 41 0 41 font shorthand
css-font-kerning 17 0 25 font-kerning
css-font-size 15 11 26 font-size
css-font-size-adjust 15 7 24 font-size-adjust
css-font-stretch 14 0 24 font-stretch
css-font-weight 32 9 41 font-weight
css-function-clamp 20 3 41 clamp()
css-function-light-dark 4 8 29 light-dark()
css-function-max 20 3 41 max()
css-function-min 20 3 41 min()
css-gap 15 8 36 gap, column-gap, row-gap
css-grid-template 15 0 36 grid-template-* properties
css-height 34 1 41 height property
css-hyphenate-character 6 1 25 hyphenate-character
css-hyphenate-limit-chars 1 0 23 hyphenate-limit-chars
css-hyphens 7 0 20 hyphens
css-important 19 17 42 !important keyword
css-inert-attribute 3 0 19 inert
css-inline-size 19 0 41 inline-size
css-inset 3 0 23 inset
css-intrinsic-size 18 3 33 fit-content, min-content, max-content
css-justify-content 24 0 41 justify-content
css-left-right-top-bottom 27 2 41 left, right, top, bottom
css-letter-spacing 39 2 41 letter-spacing
css-line-height 37 4 41 line-height
css-linear-gradient 24 2 43 linear-gradient()
css-list-style 26 14 41 list-style
css-list-style-image 22 0 41 list-style-image
css-list-style-position 39 0 41 list-style-position
css-list-style-type 41 0 41 list-style-type
css-margin 24 17 41 margin
css-margin-block-start-end 13 0 31 margin-block-start & margin-block-end
css-margin-inline-block 22 0 41 margin-inline & margin-block
css-margin-inline-start-end 13 0 31 margin-inline-start & margin-inline-end
css-mask-image 5 0 22 mask-image
css-max-block-size 8 0 20 max-block-size
css-max-height 39 0 41 max-height property
css-max-inline-size 7 0 25 max-inline-size
css-max-width 39 2 41 max-width
css-min-block-size 7 0 25 min-block-size
css-min-height 37 0 41 min-height property
css-min-inline-size 8 0 21 min-inline-size
css-min-width 39 0 41 min-width property
css-mix-blend-mode 24 2 41 mix-blend-mode
css-modern-color 7 0 25 lch(), oklch(), lab(), oklab()
css-nesting 3 7 26 CSS Nesting
css-object-fit 25 2 41 object-fit
css-object-position 25 2 41 object-position
css-opacity 29 0 41 opacity
css-orphans 11 0 25 orphans
css-outline 38 0 43 outline
css-outline-offset 16 0 36 outline-offset
css-overflow 11 28 41 overflow
css-overflow-wrap 2 2 17 overflow-wrap
css-padding 39 2 41 padding
css-padding-block-start-end 13 0 31 padding-block-start & padding-block-end
css-padding-inline-block 12 0 31 padding-inline & padding-block
css-padding-inline-start-end 13 0 31 padding-inline-start & padding-inline-end
css-position 12 21 41 position
css-pseudo-class-active 22 3 41 :active
css-pseudo-class-checked 13 4 41 :checked
css-pseudo-class-default 14 1 28 :default
css-pseudo-class-first-child 26 2 41 :first-child
css-pseudo-class-first-of-type 24 2 41 :first-of-type
css-pseudo-class-focus 21 2 41 :focus
css-pseudo-class-focus-visible 6 3 14 :focus-visible
css-pseudo-class-focus-within 6 2 14 :focus-within
css-pseudo-class-has 14 0 41 :has()
css-pseudo-class-hover 25 3 41 :hover
css-pseudo-class-lang 8 0 25 lang()
css-pseudo-class-last-child 26 2 41 :last-child
css-pseudo-class-last-of-type 24 2 41 :last-of-type
css-pseudo-class-link 28 2 41 :link
css-pseudo-class-not 16 0 41 :not
css-pseudo-class-nth-child 16 0 41 :nth-child
css-pseudo-class-nth-last-child 16 0 41 :nth-last-child
css-pseudo-class-nth-last-of-type 15 0 41 :nth-last-of-type
css-pseudo-class-nth-of-type 15 0 41 :nth-of-type
css-pseudo-class-only-child 26 2 41 :only-child
css-pseudo-class-only-of-type 26 2 41 :only-of-type
css-pseudo-class-target 15 2 41 :target
css-pseudo-class-visited 14 2 41 :visited
css-pseudo-element-after 13 3 41 ::after
css-pseudo-element-before 13 3 41 ::before
css-pseudo-element-first-letter 23 3 41 ::first-letter
css-pseudo-element-first-line 23 3 41 ::first-line
css-pseudo-element-marker 16 0 33 ::marker
css-pseudo-element-placeholder 13 3 41 ::placeholder
css-radial-gradient 28 1 43 radial-gradient()
css-resize 2 1 26 resize
css-rgb 24 17 41 rgb()
css-rgba 24 10 41 rgba()
css-scroll-snap 13 0 33 scroll-snap
css-selector-adjacent-sibling 30 4 41 Adjacent sibling combinator
css-selector-attribute 16 14 41 Attribute selector
css-selector-chaining 29 4 41 Chaining selectors
css-selector-child 29 2 41 Child combinator
css-selector-class 34 2 41 Class selector
css-selector-descendant 32 4 41 Descendant combinator
css-selector-general-sibling 30 2 41 General sibling combinator
css-selector-grouping 32 4 41 Grouping selectors
css-selector-id 33 2 41 ID selector
css-selector-type 32 2 41 Type selector
css-selector-universal 31 2 41 Universal selector *
css-shape-margin 6 0 21 shape-margin
css-shape-outside 6 0 21 shape-outside
css-sytem-ui 24 9 35 system-ui, ui-serif, ui-sans-serif, ui-rounded, ui-monospace
css-tab-size 12 0 28 tab-size
css-table-layout 17 0 20 table-layout
css-text-align 24 17 41 text-align
css-text-align-last 13 0 22 text-align-last
css-text-decoration 30 8 41 text-decoration
css-text-decoration-color 33 2 41 text-decoration-color
css-text-decoration-line 21 0 26 text-decoration-line
css-text-decoration-skip-ink 12 0 32 text-decoration-skip-ink
css-text-decoration-style 21 0 26 text-decoration-style
css-text-decoration-thickness 20 0 41 text-decoration-thickness
css-text-emphasis 17 0 31 text-emphasis
css-text-emphasis-position 13 0 31 text-emphasis-position
css-text-indent 29 12 41 text-indent
css-text-justify 1 8 25 text-justify
css-text-orientation 16 0 26 text-orientation
css-text-overflow 27 2 41 text-overflow
css-text-shadow 31 0 41 text-shadow
css-text-transform 39 2 41 text-transform
css-text-underline-offset 20 0 41 text-underline-offset
css-text-underline-position 11 4 26 text-underline-position
css-text-wrap 7 0 25 text-wrap
css-transform 19 0 41 transform
css-transition 9 8 33 transition
css-unit-calc 23 2 42 CSS calc() function
css-unit-ch 29 0 42 ch unit
css-unit-cm 42 0 42 cm unit
css-unit-em 42 0 42 em unit
css-unit-ex 42 0 42 ex unit
css-unit-in 42 0 42 in unit
css-unit-initial 26 3 42 initial unit
css-unit-mm 42 0 42 mm unit
css-unit-pc 42 0 42 pc unit
css-unit-percent 42 0 42 % unit
css-unit-pt 42 0 42 pt unit
css-unit-px 42 0 42 px unit
css-unit-rem 29 0 42 rem unit
css-unit-vh 30 3 42 vh unit
css-unit-vmax 27 2 42 vmax unit
css-unit-vmin 26 2 42 vmin unit
css-unit-vw 34 0 42 vw unit
css-user-select 3 4 25 user-select
css-variables 19 0 42 CSS Variables (Custom Properties)
css-vertical-align 41 0 41 vertical-align
css-visibility 31 0 41 visibility
css-white-space 30 8 41 white-space
css-white-space-collapse 7 0 23 white-space-collapse
css-widows 11 0 25 widows
css-width 39 2 41 width property
css-word-break 13 14 41 word-break
css-word-spacing 16 7 26 word-spacing
css-word-wrap 5 2 10 word-wrap
css-writing-mode 25 2 41 writing-mode
css-z-index 34 0 41 z-index
html-abbr 22 0 34 <abbr> element
html-acronym 21 0 30 <acronym> element
html-address 34 0 41 address
html-align 38 3 41 align attribute
html-anchor-links 23 2 41 Local anchors
html-aria-describedby 17 0 41 aria-describedby attribute
html-aria-hidden 24 0 41 aria-hidden attribute
html-aria-label 24 0 41 aria-label attribute
html-aria-labelledby 17 0 41 aria-labelledby attribute
html-aria-live 19 1 41 aria-live attribute
html-audio 9 0 42 <audio> element
html-background 38 3 43 background attribute
html-base 8 16 41 <base>
html-bdi 14 0 41 <bdi> element
html-blockquote 40 1 41 <blockquote> element
html-body 14 13 41 <body> element
html-button-reset 20 5 41 <button type="reset"> element
html-button-submit 24 4 41 <button type="submit"> element
html-cellpadding 26 0 26 cellpadding attribute
html-cellspacing 26 0 26 cellspacing attribute
html-code 33 0 36 <code> element
html-comments 26 0 26 HTML comments
html-del 41 0 41 <del> element
html-dfn 26 2 30 <dfn> element
html-dialog 12 0 41 <dialog> element
html-dir 33 6 41 dir attribute
html-div 41 0 41 <div> element
html-doctype 30 0 41 HTML5 doctype
html-form 18 3 41 <form> element
html-h1-h6 41 0 41 <h1> to <h6> elements
html-height 39 1 41 height attribute
html-hidden 10 1 27 hidden attribute
html-hr 27 0 27 <hr> element
html-image-maps 35 0 41 Image maps
html-img 30 0 30 <img> element
html-input-checkbox 21 1 41 <input type="checkbox"> element
html-input-hidden 21 1 41 <input type="hidden"> element
html-input-radio 21 1 41 <input type="radio"> element
html-input-reset 20 2 41 <input type="reset"> element
html-input-submit 18 1 41 <input type="submit"> element
html-input-text 18 1 41 <input type="text"> element
html-lang 29 4 41 lang attribute
html-link 6 0 42 <link> element
html-lists 24 17 41 <ul>, <ol> and <dl>
html-loading-attribute 10 1 41 loading attribute
html-mailto-links 34 6 41 mailto: links
html-marquee 20 6 42 <marquee> element
html-meta-color-scheme 2 0 31 color-scheme meta tag
html-meter 18 1 41 <meter> element
html-object 1 5 41 <object> element
html-p 41 0 41 <p> element
html-picture 9 1 41 <picture> element
html-popover 4 2 27 popover attribute
html-pre 36 0 36 <pre> element
html-progress 14 1 41 <progress> element
html-required 10 4 41 required attribute
html-role 24 6 41 role attribute
html-rp 24 1 41 <rp> element
html-rt 24 1 41 <rt> element
html-ruby 24 1 41 <ruby> element
html-select 25 3 41 <select> element
html-semantics 14 13 41 HTML5 semantics
html-small 39 0 43 <small> element
html-span 41 0 41 <span> element
html-srcset 10 0 41 srcset and sizes attributes
html-strike 38 2 41 <strike> element
html-strong 41 0 41 <strong> element
html-style 29 7 46 <style> element
html-svg 16 1 42 Embedded <svg> image
html-table 41 0 41 <table> element
html-target 2 11 41 target attribute
html-textarea 24 2 41 <textarea> element
html-valign 41 0 41 valign attribute
html-video 8 2 41 <video> element
html-wbr 26 1 41 <wbr> element
html-width 39 1 41 width attribute
image-apng 36 0 42 Animated PNG image format
image-avif 23 4 41 AVIF image format
image-base64 31 3 42 Base 64 image format
image-bmp 37 3 42 BMP image format
image-gif 41 1 42 GIF image format
image-hdr 4 0 42 HDR image format
image-heif 7 7 42 HEIF image format
image-ico 40 0 42 ICO image format
image-jpg 42 0 42 JPG image format
image-mp4 17 0 41 Video as Image Assets
image-png 42 0 42 PNG image format
image-svg 37 2 42 SVG image format
image-tiff 17 3 42 TIFF image format
image-webp 37 4 42 webP image format
"""


def _read(line: str) -> tuple[str, Support]:
    slug, yes, partly, tested, name = line.split(" ", 4)
    return slug, Support(name, int(yes), int(partly), int(tested))


SUPPORT: Final = dict(map(_read, _TABLE.splitlines()))
"""Slug ("css-display-flex") -> what is known of it."""
